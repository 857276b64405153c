// charon as the overlay runs it: detached, found again, never twice, gone without a trace.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { findLockHolder, isRunning, signal } from '../../../daemons/shared/effects/processes.ts';
import { charonPlaces } from '../../../daemons/shared/model/ipsec.ts';
import { exec, isRoot, makeNamespace, until } from '../support/namespaces.ts';

const program = new URL('charon-child.ts', import.meta.url).pathname;

function open(t: Test) {
  const ns = makeNamespace(t, 'ike');
  const run = mkdtempSync('/tmp/co-ike-');
  const places = charonPlaces(run);
  const holder = () => findLockHolder(places.lock);
  t.teardown(() => {
    const left = holder();
    if (left) signal(left, 'SIGKILL');
    rmSync(run, { recursive: true, force: true });
  });
  const as = (verb: 'ensure' | 'stop'): string => exec(ns, process.execPath, [program, verb, run]);
  const ensure = () => JSON.parse(as('ensure')) as { isNew: boolean; isFresh: boolean };
  return { ns, places, holder, ensure, stop: () => void as('stop') };
}

if (!isRoot) t.plan(0, 'needs root');
else if (!existsSync('/usr/sbin/charon-systemd')) t.plan(0, 'needs strongSwan (scripts/setup --ipsec)');
else {
  t.test('it outlives who started it, and is found again', async (t) => {
    const { ns, places, holder, ensure, stop } = open(t);
    t.match(ensure(), { isNew: true, isFresh: true });
    const first = holder()!;
    t.ok(first && isRunning(first));
    t.match(ensure(), { isNew: true, isFresh: false }, 'another life of the daemon adopts it');
    t.same(holder(), first);
    t.equal(statSync(places.dir).mode & 0o777, 0o700);
    t.match(exec(ns, 'ip', ['link']), 'ipsec0');

    signal(first, 'SIGKILL');
    await until(5_000, 'it is dead', () => !isRunning(first));
    t.ok(existsSync(places.socket), 'its socket is no sign of life');
    t.match(ensure(), { isNew: true, isFresh: true });
    t.not(holder()?.pid, first.pid);

    stop();
    t.equal(holder(), undefined);
    t.notOk(existsSync(places.socket));
    t.notMatch(exec(ns, 'ip', ['link']), 'ipsec0');
    stop();
  });

  t.test('two that want it at the same time get one', async (t) => {
    const { ns, holder, ensure, places } = open(t);
    const command = `for n in 1 2 3; do ${process.execPath} ${program} ensure ${places.dir.replace('/ipsec', '')} & done; wait`;
    execFileSync('ip', ['netns', 'exec', ns.name, 'sh', '-c', command], { stdio: 'ignore', timeout: 60_000 });
    ensure();
    const inside = exec(ns, 'sh', [
      '-c',
      `ip netns pids ${ns.name} | xargs -r ps -o comm= -p | grep -c charon || true`,
    ]);
    t.equal(inside.trim(), '1');
    t.ok(holder());
  });

  t.test('a log that is long is turned over', async (t) => {
    const { places, ensure } = open(t);
    ensure();
    writeFileSync(places.log, 'x'.repeat((4 << 20) + 1));
    ensure();
    await until(5_000, 'a new one', () => existsSync(places.log) && statSync(places.log).size < 1 << 20);
    t.ok(existsSync(`${places.log}.1`));
  });
}
