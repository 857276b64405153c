// Links of containers that nobody knows any more are removed, with the real links of a machine: only when no engine runs their
// container and nobody lives at the other end.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { makeMachine } from './support/machine.ts';
import { repository } from './support/suite.ts';

t.setTimeout(120_000);

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('links that belong to nobody', async (t) => {
    const machine = await makeMachine(t);
    const pair = (name: string, alias: string, netns = ''): string =>
      `ip link add ${name} type veth peer name p-${name}${netns}; ip link set ${name} alias ${alias}`;
    machine.sh('mkdir -p /run/netns && ip netns add alive && ip netns add dying');
    machine.sh(pair('vethr1', 'corral:corral:gone1:eth0'));
    machine.sh(pair('vethr2', 'corral:corral:runs:eth0'));
    machine.sh(pair('vethr3', 'corral:corral:lives:eth0', ' netns alive'));
    machine.sh(pair('vethr4', 'corral:corral:dies:eth0', ' netns dying'));
    machine.sh(pair('vethr5', 'somebody-elses'));
    machine.sh(pair('veth6', 'corral:corral:named:eth0'));
    const dir = mkdtempSync(join(tmpdir(), 'co-or-'));
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    const logFd = openSync(join(dir, 'log'), 'a');
    machine.start(process.execPath, [`${repository}/test/docker/support/links-process.ts`, 'runs'], { logFd });
    closeSync(logFd);
    const links = (): string[] =>
      [...machine.sh('ip -o link show type veth').matchAll(/^\d+: (veth[^@]*)@/gm)].map((match) => match[1]!).sort();
    const log = (): string => readFileSync(join(dir, 'log'), 'utf8');

    await until(30_000, 'the first is removed', () => !links().includes('vethr1'));
    t.same(
      links(),
      ['veth6', 'vethr2', 'vethr3', 'vethr4', 'vethr5'],
      'a runtime’s, those with somebody at the end, others’',
    );
    machine.sh('ip netns delete dying');
    await until(30_000, 'the kernel took it along', () => !links().includes('vethr4'));

    machine.sh('ip -n alive link set p-vethr3 netns 1');
    await until(30_000, 'nobody lives at its end any more', () => !links().includes('vethr3'));
    t.same(links(), ['veth6', 'vethr2', 'vethr5']);
    await until(5_000, 'both are told', () => log().match(/"event":"link.orphan"/g)?.length === 2);
    t.notMatch(log(), '"level":"error"');
  });
