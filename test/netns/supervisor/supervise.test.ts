// Daemons that are killed, stopped or left behind, and the supervisor killed itself: nobody is started twice, all come back.
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import t from 'tap';
import { isRoot, until } from '../support/namespaces.ts';
import { isAlive, kill, makeHome } from './support.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.setTimeout(120_000); // a dozen processes start in turn

t.test('a daemon killed five times comes back five times', async (t) => {
  const home = makeHome(t);
  home.supervise();
  let { dns } = await home.allReady();
  for (let round = 1; round <= 5; round += 1) {
    kill(dns!, 'SIGKILL');
    const before = dns;
    dns = await until(10_000, `dns is back, round ${round}`, async () => {
      const told = (await home.status()).daemons.find(({ name }) => name === 'dns');
      return told?.ready && told.pid !== before ? told.pid : undefined;
    });
  }
  const told = (await home.status()).daemons.find(({ name }) => name === 'dns');
  t.match(told, { restarts: 5, lastEnd: 'was killed by SIGKILL' });
});

t.test('a daemon that hangs is killed and started again; the others are left alone', async (t) => {
  const home = makeHome(t);
  home.supervise(2_500);
  const before = await home.allReady();
  kill(before.metadata!, 'SIGSTOP');
  const after = await until(10_000, 'metadata is another process', async () => {
    const pid = await home.pidOf('metadata');
    return pid && pid !== before.metadata ? home.allReady() : undefined;
  });
  t.notOk(isAlive(before.metadata!));
  t.equal(after.dns, before.dns);
  t.equal(after['network-manager'], before['network-manager']);
});

t.test('the supervisor killed: its daemons live on, the next one takes them over', async (t) => {
  const home = makeHome(t);
  const first = home.supervise();
  const before = await home.allReady();
  first.kill('SIGKILL');
  await once(first, 'exit');
  for (const daemon of ['metadata', 'network-manager', 'dns', 'overlay'])
    t.ok(isAlive(before[daemon]!), `${daemon} lives on`);
  const orphaned = home.corral(['status', '--json']);
  t.equal(orphaned.code, 0, 'status works without a supervisor');
  t.match(JSON.parse(orphaned.out), {
    state: 'degraded',
    daemons: [{ name: 'metadata', state: 'ready', pid: before.metadata }],
  });

  home.supervise();
  const after = await home.allReady();
  for (const daemon of ['metadata', 'network-manager', 'dns', 'overlay'])
    t.equal(after[daemon], before[daemon], `same ${daemon}`);
  t.same(
    (await home.status()).daemons.map(({ restarts }) => restarts),
    [0, 0, 0, 0, 0],
  );

  await t.test('and watches them like its own', async (t) => {
    kill(after.dns!, 'SIGKILL');
    const dns = await until(10_000, 'dns is back', async () => {
      const told = (await home.status()).daemons.find(({ name }) => name === 'dns');
      return told?.ready && told.pid !== after.dns ? told.pid : undefined;
    });
    t.ok(isAlive(dns));
  });
});

t.test('a daemon that hangs since before the supervisor is killed too', async (t) => {
  const home = makeHome(t);
  const first = home.supervise();
  const before = await home.allReady();
  first.kill('SIGKILL');
  await once(first, 'exit');
  kill(before.dns!, 'SIGSTOP');
  home.supervise(2_000);
  const after = await home.allReady();
  t.not(after.dns, before.dns);
  t.notOk(isAlive(before.dns!));
});

t.test('a daemon owns no pipe and no terminal of the supervisor', async (t) => {
  const home = makeHome(t);
  home.supervise();
  const { dns, supervisor } = await home.allReady();
  for (const fd of [1, 2]) t.equal(readlinkSync(`/proc/${dns}/fd/${fd}`), `${home.root}/var/log/corral/dns.log`);
  t.equal(readlinkSync(`/proc/${dns}/fd/0`), '/dev/null');
  t.not(session(dns!), session(supervisor!));
  t.match(readFileSync(`/proc/${dns}/fdinfo/1`, 'utf8'), /^flags:\s+0\d*[2367]\d{3}$/m, 'it appends');
});

t.test('SIGTERM ends the daemons, the last started first, and the supervisor', async (t) => {
  const home = makeHome(t);
  const supervisor = home.supervise();
  const pids = await home.allReady();
  supervisor.kill('SIGTERM');
  const [code] = await once(supervisor, 'exit');
  t.equal(code, 0);
  for (const daemon of ['metadata', 'network-manager', 'dns', 'overlay'])
    t.notOk(isAlive(pids[daemon]!), `${daemon} has ended`);
  const ends = [...home.output().matchAll(/"event":"child.ended","child":"([a-z-]+)"/g)].map((match) => match[1]);
  t.same(ends, ['overlay', 'dns', 'network-manager', 'metadata']);
});

t.test('a daemon that ignores SIGTERM does not hold the stop up', async (t) => {
  const home = makeHome(t);
  const supervisor = home.supervise(15_000, 15_000, 500);
  const { metadata } = await home.allReady();
  kill(metadata!, 'SIGSTOP');
  supervisor.kill('SIGTERM');
  const [code] = await once(supervisor, 'exit');
  t.equal(code, 0);
  t.notOk(isAlive(metadata!));
});

t.test('launcher none: daemons are watched, never started or ended', async (t) => {
  const home = makeHome(t);
  const first = home.supervise();
  const before = await home.allReady();
  first.kill('SIGKILL');
  await once(first, 'exit');
  home.configure('launcher: none\n');
  const observer = home.supervise();
  await home.allReady();
  kill(before.dns!, 'SIGKILL');
  await until(5_000, 'the loss is told', async () => (await home.status()).state === 'unready');
  t.match(
    (await home.status()).daemons.find(({ name }) => name === 'dns'),
    { state: 'absent', restarts: 0, pid: null },
  );
  observer.kill('SIGTERM');
  await once(observer, 'exit');
  t.ok(isAlive(before.metadata!));
});

function session(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]!;
}
