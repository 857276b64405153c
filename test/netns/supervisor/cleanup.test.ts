import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import t from 'tap';
import { block, container, hostId, network } from '../../unit/support/snapshots.ts';
import { startKeepers } from '../network-manager/support/keepers.ts';
import { objects } from '../network-manager/support/lab.ts';
import { exec, isRoot, makeNamespace, type Namespace, type TestScope, until } from '../support/namespaces.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(60_000);

const program = new URL('../../../daemons/supervisor/cli/main.ts', import.meta.url).pathname;

function makeRoot(t: TestScope): string {
  const root = mkdtempSync('/tmp/co-clean-');
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

function cleanup(ns: Namespace, root: string, ...args: string[]): string {
  const command = `${process.execPath} ${program} cleanup ${args.join(' ')} 2>&1; echo exit $?`;
  return exec(ns, 'env', [`CORRAL_ROOT=${root}`, 'sh', '-c', command]);
}

/** What a host shows of itself. */
function stateOf(ns: Namespace): Record<string, string> {
  const lines = (text: string, keep: RegExp): string =>
    text
      .split('\n')
      .filter((line) => keep.test(line))
      .sort()
      .join('\n');
  return {
    rules: lines(exec(ns, 'iptables-save', []), /^-A|^:[a-z]|CATTLE/),
    links: lines(exec(ns, 'ip', ['-o', 'link']), /./).replaceAll(/^\d+: /gm, ''),
    addresses: lines(exec(ns, 'ip', ['-o', '-4', 'address']), /./).replaceAll(/^\d+: /gm, ''),
    routes: lines(exec(ns, 'ip', ['route', 'show', 'table', 'all']), /^(?!.*(fe80|ff00|::1))/),
    forwarding: exec(ns, 'cat', ['/proc/sys/net/ipv4/ip_forward']),
  };
}

t.test('everything of ours goes, and nothing else', async (t) => {
  const host = makeNamespace(t, 'cl');
  const root = makeRoot(t);
  exec(host, 'sysctl', ['-qw', 'net.ipv4.ip_forward=0']);
  exec(host, 'ip', ['link', 'add', 'br0', 'type', 'bridge']);
  exec(host, 'ip', ['link', 'set', 'br0', 'up', 'alias', 'mine']);
  exec(host, 'ip', ['address', 'add', '192.0.2.1/24', 'dev', 'br0']);
  exec(host, 'ip', ['route', 'add', 'unreachable', '203.0.113.0/24']);
  exec(host, 'iptables', ['-A', 'FORWARD', '-i', 'br0', '-j', 'ACCEPT']);
  mkdirSync(`${root}/etc/cni/mine.d`, { recursive: true });
  writeFileSync(`${root}/etc/cni/mine.d/10-mine.conflist`, '{"name":"mine"}');
  const before = stateOf(host);

  const keepers = startKeepers(t, host, { root });
  keepers.send([...objects, container('a', '10.42.7.9', ['0.0.0.0:8080:80/tcp'])]);
  await keepers.becomes('ready', 10_000);
  await until(5_000, 'published', () => exec(host, 'iptables-save', []).includes('--dport 8080'));
  await keepers.stop();
  exec(host, 'ip', ['link', 'add', 'vethrx', 'type', 'veth', 'peer', 'name', 'x']);
  exec(host, 'ip', ['link', 'set', 'vethrx', 'alias', 'corral:corral:0123:eth0']);
  mkdirSync(`${root}/run/corral/leases/corral`, { recursive: true });
  writeFileSync(`${root}/run/corral/leases/corral/10.42.7.9`, '');
  exec(host, 'ip', ['address', 'add', '169.254.169.250/32', 'dev', 'lo', 'scope', 'host']);

  const used = stateOf(host);
  const shown = cleanup(host, root);
  for (const what of [
    'corral0',
    'vethrx',
    'nat CATTLE_HOSTPORTS',
    '10.42.0.0/16',
    '10-corral.conflist',
    'forwarding',
  ]) {
    t.match(shown, what, `${what} is shown`);
  }
  t.match(shown, 'exit 0');
  t.same(stateOf(host), used, 'and nothing changed yet');
  t.match(cleanup(host, root, '--yes'), /Removed:[\s\S]*exit 0/);
  t.same(stateOf(host), before, 'the host is as it was');
  t.same(readdirSync(`${root}/etc/cni`), ['mine.d'], "others' configurations stay");
  t.notOk(existsSync(`${root}/run/corral/leases`) || existsSync(`${root}/run/corral/blocks`));
  t.match(cleanup(host, root, '--yes'), /Nothing of Corral is on this host[\s\S]*exit 0/, 'a second time');
});

t.test('a host that learnt its IPv6 route from a router listens to it as before', async (t) => {
  const host = makeNamespace(t, 'ca');
  const root = makeRoot(t);
  const setting = (name: string): string => exec(host, 'sysctl', ['-n', `net.ipv6.conf.${name}`]).trim();
  exec(host, 'sysctl', ['-qw', 'net.ipv6.conf.all.forwarding=0']);
  for (const [device, metric] of [
    ['up0', '100'],
    ['up1', '200'],
  ] as const) {
    exec(host, 'ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', `${device}-lan`]);
    exec(host, 'sysctl', ['-qw', `net.ipv6.conf.${device}.accept_ra=1`]);
    for (const end of [device, `${device}-lan`]) exec(host, 'ip', ['link', 'set', end, 'up']);
    exec(host, 'ip', [
      '-6',
      'route',
      'add',
      'default',
      'via',
      'fe80::1',
      'dev',
      device,
      'metric',
      metric,
      'proto',
      'ra',
    ]);
  }
  const keepers = startKeepers(t, host, { root });
  keepers.send([
    network('corral', '10.42.0.0/16', { isDefault: true, subnet6: 'fd42::/48' }),
    block('corral', '10.42.7.0/24', hostId, { cidr6: 'fd42:0:0:7::/64' }),
  ]);
  await keepers.becomes('ready', 10_000);
  t.same([setting('all.forwarding'), setting('up0.accept_ra'), setting('up1.accept_ra')], ['1', '2', '2']);
  await keepers.stop();
  exec(host, 'sysctl', ['-qw', 'net.ipv6.conf.up1.accept_ra=0']);
  const shown = cleanup(host, root);
  t.match(shown, 'accept_ra of up0');
  t.notMatch(shown, 'accept_ra of up1', 'somebody has set it since');
  t.equal(setting('up0.accept_ra'), '2', 'nothing changed yet');
  t.match(cleanup(host, root, '--yes'), /Removed:[\s\S]*exit 0/);
  t.same([setting('all.forwarding'), setting('up0.accept_ra'), setting('up1.accept_ra')], ['0', '1', '0']);
  t.match(cleanup(host, root, '--yes'), 'Nothing of Corral is on this host');
});

t.test('what others put into the chain of policies stays', async (t) => {
  const host = makeNamespace(t, 'cp');
  const root = makeRoot(t);
  const keepers = startKeepers(t, host, { root });
  keepers.send(objects);
  await keepers.becomes('ready', 10_000);
  const policy = ['CATTLE_NETWORK_POLICY', '-s', '10.42.7.9/32', '-j', 'DROP'];
  exec(host, 'iptables', ['-A', ...policy]);
  keepers.send(objects, false);
  keepers.send(objects);
  await keepers.becomes('ready', 10_000);
  t.match(exec(host, 'iptables-save', []), policy.join(' '), 'while the suite runs');
  await keepers.stop();
  cleanup(host, root, '--yes');
  t.match(exec(host, 'iptables-save', []), policy.join(' '));
  t.notMatch(exec(host, 'iptables-save', []), 'CATTLE_FORWARD');
});

t.test('not while the suite runs, unless told so', async (t) => {
  const host = makeNamespace(t, 'cr');
  const root = makeRoot(t);
  mkdirSync(`${root}/run/corral`, { recursive: true });
  const server = createServer((_, response) => response.end('ok')).listen(`${root}/run/corral/metadata.sock`);
  t.teardown(() => void server.close());
  await until(2_000, 'it listens', () => server.listening);
  // The command runs beside the server's loop, so not synchronously.
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  const args = ['netns', 'exec', host.name, process.execPath, program, 'cleanup', '--yes'];
  const options = { env: { ...process.env, CORRAL_ROOT: root } };
  const refused = await promisify(execFile)('ip', args, options).catch((error: { stderr: string }) => error.stderr);
  t.match(refused, /ALREADY_RUNNING.*metadata/);
  const { stdout } = await promisify(execFile)('ip', [...args, '--force'], options);
  t.match(stdout, 'Nothing of Corral');
});
