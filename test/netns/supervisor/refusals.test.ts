// What forbids a start is told in one line with its code and remedy, and nothing is half done.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { exec, isRoot } from '../support/namespaces.ts';
import { makeHome } from './support.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const oneLine = /^corral: [A-Z_]+: [^\n]+\n$/;

t.setTimeout(120_000); // a dozen processes start in turn

t.test('a second suite is refused while the first one runs', async (t) => {
  const home = makeHome(t);
  home.supervise();
  const before = await home.allReady();
  const second = home.corral(['up']);
  t.equal(second.code, 1);
  t.match(second.err, oneLine);
  t.match(second.err, 'ALREADY_RUNNING');
  t.equal(second.out, '');
  t.same(await home.allReady(), before, 'the first one is not disturbed');
});

t.test('a wrong configuration', async (t) => {
  const home = makeHome(t);
  const cases: readonly [string, RegExp][] = [
    ['dns: { tll: 5 }\n', /CONFIG_UNKNOWN_KEY: read .*corral\.yaml: unknown key dns\.tll\. did you mean ttl\?/],
    ['dns: { ttl: -5 }\n', /CONFIG_INVALID: read .*: dns\.ttl: /],
    ['dns: [\n', /CONFIG_INVALID: read /],
  ];
  for (const [yaml, line] of cases) {
    home.configure(yaml);
    const { code, err } = home.corral(['up']);
    t.equal(code, 2, yaml);
    t.match(err, oneLine);
    t.match(err, line);
  }
  home.configure('');
  t.match(home.corral(['up'], { CORRAL_DNS_TLL: '5' }), { code: 2, err: /did you mean CORRAL_DNS_TTL/ });
  t.match(home.corral(['up'], { CORRAL_CONFIG: '/nowhere.yaml' }), { code: 2, err: /CONFIG_UNREADABLE/ });
  t.notOk(existsSync(join(home.root, 'run')), 'nothing was made');
});

t.test('a root whose sockets would not fit', async (t) => {
  const home = makeHome(t);
  const { code, err } = home.corral(['up'], { CORRAL_ROOT: `/tmp/${'x'.repeat(80)}` });
  t.equal(code, 2);
  t.match(err, oneLine);
  t.match(err, 'ROOT_TOO_LONG');
});

t.test('anybody but root', async (t) => {
  const home = makeHome(t);
  chmodSync(home.root, 0o755);
  const main = new URL('../../../daemons/supervisor/cli/main.ts', import.meta.url).pathname;
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, main];
  const run = (...args: string[]): { status: number | null; stderr: string } =>
    spawnSync('setpriv', [...asNobody, ...args], { encoding: 'utf8', env: { ...process.env, CORRAL_ROOT: home.root } });
  t.match(run('up'), { status: 2, stderr: /^corral: NOT_ROOT: [^\n]+\n$/ });
  t.equal(run('version').status, 0);
  home.supervise();
  await home.allReady();
  t.match(run('status'), { status: 2, stderr: /^corral: NOT_ROOT: [^\n]+\n$/ });
});

t.test('a subnet that the host routes elsewhere, with a free one proposed', async (t) => {
  const home = makeHome(t);
  exec(home.netns, 'ip', ['link', 'add', 'lan0', 'type', 'bridge']);
  exec(home.netns, 'ip', ['address', 'add', '10.42.7.1/24', 'dev', 'lan0']);
  exec(home.netns, 'ip', ['link', 'set', 'lan0', 'up']);
  const { code, err } = home.corral(['up']);
  t.equal(code, 1);
  t.match(err, oneLine);
  t.match(err, /SUBNET_OVERLAP: .* the host routes 10\.42\.7\.0\/24 \(device lan0\)\. \d+\.\d+\.0\.0\/16 is free/);
  t.notOk(existsSync(join(home.root, 'run')), 'nothing was made');
});

t.test('words that are no commands', async (t) => {
  const home = makeHome(t);
  t.match(home.corral(['stauts']), { code: 2, err: /Did you mean corral status\?/ });
  t.match(home.corral(['constructor']), { code: 2, err: /USAGE/ });
  t.match(home.corral([]), { code: 2, err: /Usage: corral COMMAND/ });
  t.match(home.corral(['--help']), { code: 0, out: /Usage: corral COMMAND/ });
  t.match(home.corral(['help', 'get']), { code: 0, out: /Usage: corral get PATH/ });
  t.match(home.corral(['status', '--jsn']), { code: 2, err: /Did you mean --json\?/ });
});

t.test('nothing runs', async (t) => {
  const home = makeHome(t);
  t.match(home.corral(['status']), { code: 3, out: 'corral is not running. Start it with: corral up\n' });
  t.match(JSON.parse(home.corral(['status', '--json']).out), { state: 'unready', daemons: [{ state: 'absent' }] });
  for (const args of [
    ['get', 'self'],
    ['resolve', 'x'],
    ['attach', '/run/netns/x'],
    ['detach', 'x'],
  ]) {
    const { code, err } = home.corral(args);
    t.equal(code, 3, args.join(' '));
    t.match(err, /^corral: NOT_RUNNING: [^\n]+\n$/);
  }
});
