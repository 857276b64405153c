// A lab of one host, as a newcomer meets it: made, looked at, disturbed, and taken away without a trace.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { isRoot, type TestScope, until } from '../support/namespaces.ts';

const corral = new URL('../../../scripts/corral', import.meta.url).pathname;

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(...words: string[]): Answer {
  const { status, stdout, stderr } = spawnSync(corral, words, { encoding: 'utf8', timeout: 150_000 });
  return { code: status, out: stdout, err: stderr };
}

/** A name that no other test uses; whatever has it is removed in the end. */
function labName(t: TestScope): string {
  const name = `t-${process.pid}-${randomBytes(3).toString('hex')}`;
  t.teardown(() => void run('lab', 'down', '--name', name));
  return name;
}

/** Processes that carry the lab's mark. */
function processesOf(name: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`/run/corral-lab/${name}`);
      } catch {
        return false;
      }
    });
}

function links(): string {
  return spawnSync('ip', ['-br', 'link'], { encoding: 'utf8' }).stdout.replaceAll(/^co-.*\n|^v[0-9a-f]{10}.*\n/gm, '');
}

if (!isRoot) t.plan(0, 'needs root');
else {
  t.setTimeout(175_000);

  t.test('a lab of one host', async (t) => {
    const name = labName(t);
    const before = links();
    const up = run('lab', 'up', '--hosts', '1', '--name', name);
    t.equal(up.code, 0, up.out + up.err);
    t.match(up.out, /h1 +192\.168\.50\.11 ready in [\d.]+ s; containers a1 10\.42\.0\.\d+, b1 10\.42\.0\.\d+/);
    t.match(up.out, /PING \(ms\) +a1 +b1 +outside\na1 on h1 +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d\n/);
    t.match(up.out, 'names: 4 of 4 resolve');
    t.equal(links(), before, 'the machine’s own devices are as they were');

    await t.test('its state is told to programs', async (t) => {
      const { code, out } = run('lab', 'status', '--json', '--name', name);
      t.equal(code, 0);
      t.match(JSON.parse(out), {
        ok: true,
        hosts: [{ name: 'h1', state: 'ready', known: { hosts: 1, containers: 2 } }],
      });
    });

    await t.test('programs run on the host and in a container, with their exit codes', async (t) => {
      t.equal(run('lab', 'exec', '--name', name, 'h1', '--', 'hostname').out, 'h1\n');
      t.match(run('lab', 'exec', '--name', name, 'h1', '--', 'corral', 'status').out, /metadata +ready/);
      t.match(run('lab', 'exec', '--name', name, 'h1/a1', '--', 'getent', 'hosts', 'outside.lab').out, '198.51.100.1');
      t.equal(run('lab', 'exec', '--name', name, 'h1', '--', 'sh', '-c', 'exit 7').code, 7);
      t.match(run('lab', 'exec', '--name', name, 'h2', '--', 'true'), {
        code: 1,
        err: 'TARGET_UNKNOWN: find the host h2',
      });
    });

    await t.test('a published container answers, and the outside sees the host', async (t) => {
      const made = run('lab', 'run', '--name', name, 'h1', 'web', '--publish', '8080:80', '--label', 'x=y');
      t.equal(made.code, 0, made.err);
      const fetch = (where: string, url: string): string =>
        run('lab', 'exec', '--name', name, where, '--', 'curl', '-s', '--max-time', '5', url).out;
      await until(
        20_000,
        'the port answers',
        () => fetch('switch', 'x') === '' && fetch('h1', 'http://192.168.50.11:8080/'),
      );
      t.match(fetch('h1', 'http://192.168.50.11:8080/'), /^web \(10\.42\.0\.\d+\): you come from /);
      t.equal(fetch('h1/a1', 'http://198.51.100.1/'), 'outside: you come from 192.168.50.11\n');
      t.equal(run('lab', 'run', '--name', name, 'h1', 'web').code, 1, 'a name is given once');
      t.equal(run('lab', 'rm', '--name', name, 'h1', 'web').code, 0);
      t.equal(run('lab', 'rm', '--name', name, 'h1', 'web').code, 0, 'twice is no fault');
      t.equal(fetch('h1', 'http://192.168.50.11:8080/'), '');
    });

    await t.test('faults', async (t) => {
      t.equal(run('lab', 'fault', '--name', name, 'cut', 'h1').code, 0);
      const status = run('lab', 'status', '--name', name);
      t.equal(status.code, 3);
      t.match(status.out, /h1 .* ready, cut off/);
      t.match(status.out, /a1 on h1 +\d+\.\d\d +\d+\.\d\d +-\n/, 'the outside is gone, the neighbour is not');
      t.equal(run('lab', 'fault', '--name', name, 'heal', 'h1').code, 0);
      t.equal(run('lab', 'fault', '--name', name, 'kill', 'h1').code, 0);
      t.match(run('lab', 'status', '--name', name).out, /h1 +192\.168\.50\.11 +absent/);
      t.equal(run('lab', 'fault', '--name', name, 'resume', 'h1').code, 0);
      t.equal(run('lab', 'fault', '--name', name, 'kill', 'h1', 'dns').code, 0);
      await until(30_000, 'all is well again', () => run('lab', 'status', '--name', name).code === 0);
    });

    t.match(run('lab', 'up', '--name', name, '--hosts', '1'), {
      code: 1,
      err: `ALREADY_RUNNING: start the lab ${name}`,
    });
    t.match(run('lab', 'down', '--name', name), { code: 0, out: 'removed' });
    t.match(run('lab', 'down', '--name', name), { code: 0, out: 'there is none' });
    t.match(run('lab', 'status', '--name', name), { code: 3, err: 'NOT_RUNNING' });
    t.same(processesOf(name), []);
    t.notOk(existsSync(`/run/corral-lab/${name}`));
    t.equal(links(), before);
  });

  for (const [signal, what] of [
    ['SIGINT', 'Ctrl-C takes a half-made lab back'],
    ['SIGKILL', 'what a killed lab up leaves, lab down removes'],
  ] as const) {
    t.test(what, async (t) => {
      const name = labName(t);
      const child: ChildProcess = spawn(corral, ['lab', 'up', '--hosts', '1', '--name', name], { stdio: 'ignore' });
      t.teardown(() => void child.kill('SIGKILL'));
      await until(30_000, 'the host is made', () => existsSync(`/run/corral-lab/${name}/h1/furnished`));
      child.kill(signal);
      await until(30_000, 'the command ends', () => child.exitCode !== null || child.signalCode !== null);
      if (signal === 'SIGKILL') {
        t.not(processesOf(name).length, 0, 'something is left');
        t.match(run('lab', 'down', '--name', name), { code: 0, out: 'removed' });
      }
      t.same(processesOf(name), []);
      t.notOk(existsSync(`/run/corral-lab/${name}`));
    });
  }
}
