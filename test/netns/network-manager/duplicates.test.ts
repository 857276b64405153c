// F15 within one host: two containers, and a stranger on the bridge.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { listLeases } from '../../../cni-plugins/ipam/list-leases.ts';
import { type Container, Lab, skipReason } from '../cni-plugins/lab.ts';
import { until } from '../support/namespaces.ts';

t.setTimeout(150_000);

interface Told {
  readonly ok: boolean;
  readonly code: string | null;
  readonly text: string;
}

/** What the keeper tells of, the last first. */
function watch(t: Test, lab: Lab, more = 0): { told: Told[]; last(): Told | undefined } {
  const program = fileURLToPath(new URL('support/duplicates-process.ts', import.meta.url));
  const child: ChildProcess = spawn(
    'ip',
    ['netns', 'exec', lab.host, process.execPath, program, lab.root, String(more)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  t.teardown(() => {
    child.kill('SIGKILL');
  });
  const told: Told[] = [];
  let rest = '';
  child.stdout!.on('data', (chunk) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    told.push(...lines.map((line) => JSON.parse(line) as Told));
  });
  return { told, last: () => told.at(-1) };
}

async function attach(lab: Lab): Promise<Container> {
  const container = lab.container();
  const run = await lab.cni('ADD', container);
  if (run.code !== 0) throw new Error(run.stdout);
  return container;
}

t.test('a container that takes the address of another', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [one, two] = [await attach(lab), await attach(lab)];
  const { told, last } = watch(t, lab);
  await until(30_000, 'it is said that all is well', () => last()?.ok === true);
  lab.ip(two, 'address', 'add', '10.42.7.2/24', 'dev', 'eth0');
  await until(30_000, 'it is noticed', () => last()?.ok === false);
  const text = `10.42.7.2 belongs to container ${one.id.slice(0, 12)} (${one.id.slice(0, 12)}) and is also used by container ${two.id.slice(0, 12)}`;
  t.match(last(), { code: 'ADDRESS_TAKEN' });
  t.equal(last()?.text.slice(0, text.length), text);
  const third = await attach(lab);
  t.ok(lab.pings(third, '10.42.7.2'));
  await until(30_000, 'the older claim wins', () => /07:02/.test(lab.ip(third, 'neigh', 'show', '10.42.7.2')));
  t.match(lab.ip('host', 'neigh', 'show', '10.42.7.2'), /0a:58:0a:2a:07:02 PERMANENT/);
  t.same(
    told.map(({ ok }) => ok),
    [true, false],
    'no flapping',
  );
});

t.test('among two hundred, whose round takes minutes, the taker is heard of', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [one, two] = [await attach(lab), await attach(lab)];
  const { last } = watch(t, lab, 200);
  await until(30_000, 'it is said that all is well', () => last()?.ok === true);
  const attached = Math.max(...listLeases(lab.paths).leases.map(({ createdAt }) => createdAt));
  await until(30_000, 'both have been attached for a while', () => Date.now() - attached > 6_000);
  lab.ip(two, 'address', 'add', '10.42.7.2/32', 'dev', 'eth0');
  await until(30_000, 'it is noticed', () => last()?.ok === false);
  t.ok(last()?.text.startsWith(`10.42.7.2 belongs to container ${one.id.slice(0, 12)}`), `${last()?.text}`);
});

t.test('a stranger on the bridge', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  await attach(lab);
  const stranger = lab.container();
  const { told, last } = watch(t, lab);
  await until(30_000, 'it is said that all is well', () => last()?.ok === true);
  lab.ip('host', 'link', 'add', 'plugged', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', stranger.netns);
  // Silent: nothing is announced, the address has to be asked for.
  lab.ip(stranger, 'address', 'add', '10.42.7.2/24', 'dev', 'eth0');
  lab.ip(stranger, 'link', 'set', 'eth0', 'address', '02:aa:bb:cc:dd:ee', 'up');
  lab.ip('host', 'link', 'set', 'plugged', 'master', 'corral0', 'up');
  await until(30_000, 'it is noticed', () => last()?.ok === false);
  t.match(last()?.text, /^10\.42\.7\.2 belongs to container .* a stranger with MAC 02:aa:bb:cc:dd:ee at port plugged$/);
  t.ok(lab.pings('host', '10.42.7.2'), 'the host knows the owner');
  t.match(lab.ip('host', 'neigh', 'show', '10.42.7.2'), /0a:58:0a:2a:07:02 PERMANENT/);
  t.same(
    told.map(({ ok }) => ok),
    [true, false],
  );
});

t.test('the gateway’s own address', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const one = await attach(lab);
  const { last } = watch(t, lab);
  await until(30_000, 'it is said that all is well', () => last()?.ok === true);
  lab.ip(one, 'address', 'add', '10.42.7.1/24', 'dev', 'eth0');
  await until(30_000, 'it is noticed', () => last()?.ok === false);
  t.match(last()?.text, /^10\.42\.7\.1 belongs to the gateway corral0 and is also used by container /);
});
