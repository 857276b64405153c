// A release runs from any directory, without the checkout that it was made from.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { commands } from '../../../daemons/supervisor/cli/commands.ts';
import { loadedLater } from '../../../scripts/lib/bundle/programs.ts';
import { makeMachine } from '../../docker/support/machine.ts';
import { readTypeScript } from '../../house/support/sources.ts';
import { exec, isRoot, makeNamespace, until } from '../support/namespaces.ts';
import { packDirectory, repository } from '../support/release.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.setTimeout(240_000);
const release = packDirectory(t);

/** Without what a shell of this checkout has set. */
function corral(args: readonly string[]): string {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', NODE_COMPILE_CACHE: join(release, '..', 'cache') };
  return execFileSync(join(release, 'bin/corral'), args, { encoding: 'utf8', timeout: 20_000, env, cwd: '/' });
}

t.test('the same sources give the same release', async (t) => {
  const again = packDirectory(t);
  t.equal(readFileSync(join(again, 'build'), 'utf8'), readFileSync(join(release, 'build'), 'utf8'));
  execFileSync('diff', ['-r', '--no-dereference', release, again], { encoding: 'utf8', timeout: 60_000 });
});

t.test('nothing in it names the checkout', async (t) => {
  const files = readdirSync(release, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'node' && !entry.name.endsWith('.node'))
    .map((entry) => join(entry.parentPath, entry.name));
  t.ok(files.length > 15, 'files are found');
  t.same(
    files.filter((file) => readFileSync(file, 'latin1').includes(repository)),
    [],
  );
});

t.test('the command answers', async (t) => {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  t.match(corral(['version']), version);
});

t.test('each command is in it, with all that it loads', async (t) => {
  const words = Object.entries(commands).flatMap(([name, entry]) =>
    'group' in entry ? Object.keys(entry.group).map((word) => [name, word]) : [[name]],
  );
  t.ok(words.length > 30, `${words.length} commands`);
  for (const command of words) t.match(corral([...command, '--help']), `Usage: corral ${command.join(' ')}`);
});

t.test('files that programs read beside themselves are in it', async (t) => {
  const named = [...readTypeScript()]
    .filter(([path]) => path.startsWith('daemons/'))
    .flatMap(([, text]) => [...text.matchAll(/\binstalledPath\('([^']+)'\)/g)].map(([, path = '']) => path));
  t.ok(named.includes('package.json'), 'they are found');
  t.same(
    named.filter((path) => !existsSync(join(release, path))),
    [],
  );
  const page = 'daemons/supervisor/page';
  const served = (root: string): string[] => readdirSync(join(root, page)).filter((name) => !/\.(ts|md)$/.test(name));
  t.same(served(release), served(repository), 'the whole page');
});

t.test('what is loaded when it is first used', async (t) => {
  const ns = makeNamespace(t, 'rl');
  exec(ns, 'ip', ['link', 'add', 'br0', 'type', 'bridge']);
  exec(ns, 'ip', ['link', 'set', 'br0', 'up']);
  const post = { bridge: 'br0', index: 2, mac: '0a:58:0a:2a:07:01', subnet: { base: 0, prefix: 0 }, remote: [] };
  const responder = [join(release, 'bin/node'), join(release, 'daemons/overlay/arp/arp-process.js')];
  const told = exec(ns, 'sh', ['-c', `echo '${JSON.stringify([post])}' | ${responder.join(' ')}`]);
  t.same(JSON.parse(told), { answered: 0, refused: 0, fault: null }, 'cap opens a bridge');
  for (const name of [...loadedLater, 'koffi', 'netlink/dist/raw.js']) {
    const load = `process.stdout.write(typeof require('${release}/node_modules/${name}'))`;
    t.match(execFileSync(join(release, 'bin/node'), ['-e', load], { encoding: 'utf8' }), /object|function/, name);
  }
});

t.test('the suite starts where there is no checkout, and serves a namespace', async (t) => {
  const machine = await makeMachine(t);
  machine.sh(`cp -a ${release} /opt/corral-release
    mount -t tmpfs none ${repository}
    mkdir -p /etc/corral && echo 'engines: []' >/etc/corral/corral.yaml`);
  t.notOk(existsSync(`/proc/${machine.pid}/root${repository}/package.json`), 'the checkout is hidden');
  const command = '/opt/corral-release/bin/corral';
  machine.start(command, ['up']);
  await until(60_000, 'every daemon is ready', () => {
    const { daemons } = JSON.parse(machine.sh(`${command} status --json 2>/dev/null || true`) || '{"daemons":[]}');
    return daemons.length === 5 && daemons.every(({ ready }: { ready: boolean }) => ready);
  });
  machine.sh(`mkdir -p /run/netns && touch /run/netns/x && unshare --net=/run/netns/x true
    ${command} attach /run/netns/x --name x --label io.rancher.stack_service.name=shop/db`);
  const address = machine.sh(`${command} resolve db.shop.rancher.internal --json`);
  t.match(address, /10\.42\.\d+\.\d+/, 'it has an address and a name');
  const asked = machine.sh(`nsenter --net=/run/netns/x curl -s -m 5 http://169.254.169.250/latest/self/container/name`);
  t.equal(asked, 'x', 'it is told who it is');
  const plugin = machine.sh('CNI_COMMAND=VERSION /opt/corral-release/cni/corral-bridge </dev/null');
  t.match(JSON.parse(plugin).supportedVersions, ['0.1.0'], 'the plugin speaks');
  machine.sh(`${command} cni install && test -x /opt/cni/bin/.corral/node`);
  machine.sh(`${command} detach /run/netns/x && umount /run/netns/x`);
});

t.test('a lab of a release keeps its records in etcd', async (t) => {
  const machine = await makeMachine(t);
  machine.sh(`cp -a ${release} /opt/corral-release && mount -t tmpfs none ${repository}`);
  const command = '/opt/corral-release/bin/corral';
  const said = machine.sh(`${command} lab up --hosts 2 --containers 1`, { timeoutMs: 100_000 });
  t.match(said, /^store +etcd at /m);
  t.match(said, /^names: 4 of 4 resolve/m);
  machine.sh(`${command} lab down`);
});
