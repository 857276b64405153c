// F5: iptables-restore is slow, fails on a line of its input, or waits for a lock that somebody holds.
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { lockFile } from '../../daemons/shared/effects/locks.ts';
import { startKeepers } from '../netns/network-manager/support/keepers.ts';
import { objects } from '../netns/network-manager/support/lab.ts';
import { exec, isRoot, makeNamespace, type Namespace, type TestScope } from '../netns/support/namespaces.ts';
import { container } from '../unit/support/snapshots.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(170_000);

type Backend = 'nft' | 'legacy';
const tools = ['iptables', 'iptables-save', 'iptables-restore'] as const;

/** A PATH with one backend's programs alone, each of which a script can stand in for. */
function makeBin(
  t: TestScope,
  backend: Backend,
): { path: string; real: string; replace(name: string, script: string): void; heal(name: string): void } {
  const path = mkdtempSync('/tmp/co-bin-');
  const real = `/usr/sbin/iptables-${backend}`;
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  const heal = (name: string): void => symlinkSync(`/usr/sbin/xtables-${backend}-multi`, `${path}/${name}`);
  for (const name of tools) heal(name);
  return {
    path,
    real,
    replace(name, script) {
      unlinkSync(`${path}/${name}`);
      writeFileSync(`${path}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    },
    heal(name) {
      unlinkSync(`${path}/${name}`);
      heal(name);
    },
  };
}

const bodies = (ns: Namespace, backend: Backend): Map<string, string[]> => {
  const chains = new Map<string, string[]>();
  let table = '';
  for (const line of exec(ns, `iptables-${backend}-save`, []).split('\n')) {
    if (line.startsWith('*')) table = line;
    if (!line.startsWith('-A ') || !line.includes('corral:')) continue;
    const name = `${table} ${line.split(' ')[1]}`;
    chains.set(name, [...(chains.get(name) ?? []), line]);
  }
  return chains;
};

const published = [...objects, container('a', '10.42.7.9', ['0.0.0.0:8080:80/tcp'])];
const more = [...objects, container('a', '10.42.7.9', ['0.0.0.0:8080:80/tcp', '0.0.0.0:9090:80/tcp'])];

for (const backend of ['nft', 'legacy'] as const) {
  t.test(`F5: a restore that takes a minute, ${backend}`, async (t) => {
    const host = makeNamespace(t, 'fs');
    const bin = makeBin(t, backend);
    const keepers = startKeepers(t, host, { env: { PATH: bin.path, XTABLES_LOCKFILE: `${bin.path}/lock` } });
    keepers.send(published);
    await keepers.becomes('ready', 10_000);
    const before = bodies(host, backend);
    bin.replace('iptables-restore', 'exec /bin/sleep 60');
    const begun = performance.now();
    keepers.send(more);
    await keepers.becomes({ condition: 'rules', code: 'COMMAND_TIMEOUT' }, 20_000);
    t.comment(`${backend}: unready after ${(performance.now() - begun).toFixed(0)} ms`);
    t.ok(performance.now() - begun < 13_000, 'the deadline is 10 s');
    t.same(bodies(host, backend), before, 'nothing changed');
    bin.heal('iptables-restore');
    const fixed = performance.now();
    await keepers.becomes('ready', 20_000);
    t.comment(`${backend}: recovered in ${(performance.now() - fixed).toFixed(0)} ms`);
    t.match([...bodies(host, backend).values()].join(), '--dport 9090');
  });

  t.test(`F5: a restore that fails on a line, ${backend}`, async (t) => {
    const host = makeNamespace(t, 'fl');
    const bin = makeBin(t, backend);
    const keepers = startKeepers(t, host, { env: { PATH: bin.path, XTABLES_LOCKFILE: `${bin.path}/lock` } });
    keepers.send(objects);
    await keepers.becomes('ready', 10_000);
    const before = bodies(host, backend);
    // The rule of the second port is refused by the real program.
    bin.replace('iptables-restore', `/usr/bin/sed 's/--dport 9090 /--dport rubbish /' | ${bin.real}-restore "$@"`);
    keepers.send(more);
    const conditions = await keepers.becomes({ condition: 'rules', code: 'COMMAND_FAILED' }, 10_000);
    t.match(conditions.find(({ name }) => name === 'rules')?.text, /rubbish|line \d+ failed/);
    for (const [chain, rules] of bodies(host, backend)) {
      t.same(rules, before.get(chain) ?? rules, `${chain} is as it was, or whole`);
    }
    t.notMatch([...bodies(host, backend).values()].join(), '--dport 8080', 'no half table');
    bin.heal('iptables-restore');
    await keepers.becomes('ready', 20_000);
    t.match([...bodies(host, backend).values()].join(), '--dport 9090');
  });
}

t.test('F5: the lock held for 30 s', async (t) => {
  const host = makeNamespace(t, 'fk');
  const bin = makeBin(t, 'legacy');
  const lock = `${bin.path}/lock`;
  const keepers = startKeepers(t, host, { env: { PATH: bin.path, XTABLES_LOCKFILE: lock } });
  keepers.send(objects);
  await keepers.becomes('ready', 10_000);
  const held = await lockFile(lock, { waitMs: 1_000 });
  const begun = performance.now();
  keepers.send(published);
  await keepers.becomes({ condition: 'rules', code: 'COMMAND_FAILED' }, 30_000);
  t.comment(`unready after ${(performance.now() - begun).toFixed(0)} ms`);
  while (performance.now() - begun < 30_000) await keepers.becomes({ condition: 'rules', code: 'COMMAND_FAILED' });
  held.release();
  const freed = performance.now();
  await keepers.becomes('ready', 15_000);
  t.comment(`recovered in ${(performance.now() - freed).toFixed(0)} ms`);
  t.match([...bodies(host, 'legacy').values()].join(), '--dport 8080');
});
