import t from 'tap';
import { exec, isRoot, type Namespace, until } from '../support/namespaces.ts';
import { ask, makeLab, objects, outsideAddress, serve, service } from './support/lab.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(120_000);

/** All rules, without counters and dates. */
const rulesOf = (ns: Namespace): string => exec(ns, 'iptables-save', []).replaceAll(/\[\d+:\d+\]|^#.*$/gm, '');

t.test('who reaches the service address, under a firewall that drops', async (t) => {
  const policies = [
    ['-P', 'INPUT', 'DROP'],
    ['-P', 'FORWARD', 'DROP'],
    ['-P', 'OUTPUT', 'DROP'],
    ['-A', 'OUTPUT', '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT'],
    ['-A', 'OUTPUT', '-p', 'tcp', '-o', 'lo', '-j', 'ACCEPT'],
    ['-A', 'INPUT', '-j', 'DROP'],
  ];
  const { host, neighbour, one, back, docker } = await makeLab(t, policies);
  await serve(t, host, service, 53, 80, 9999);
  await serve(t, host, '10.42.7.1', 8022);
  t.equal(ask(one, 'udp', service, 53), '10.42.7.9', 'a container asks DNS, with its own address');
  t.equal(ask(one, 'tcp', service, 53), '10.42.7.9');
  t.equal(ask(one, 'tcp', service, 80), '10.42.7.9', 'and metadata');
  t.equal(ask(back, 'udp', service, 53), '10.50.1.9', 'another network too');
  t.equal(ask(docker, 'udp', service, 53), '172.17.0.2', "so does a container on Docker's bridge");
  t.equal(ask(docker, 'tcp', service, 80), '172.17.0.2');
  t.equal(ask(host, 'udp', service, 53), service, 'and the host itself');
  t.equal(ask(host, 'tcp', service, 80), service);
  t.equal(ask(one, 'tcp', service, 9999), 'EHOSTUNREACH', 'another port is refused at once');
  t.equal(ask(neighbour, 'tcp', service, 80), 'EHOSTUNREACH', 'a neighbour is refused');
  t.not(ask(neighbour, 'udp', service, 53), '192.0.2.2');
  t.equal(ask(one, 'tcp', '10.42.7.1', 8022), 'TIMEOUT', "the host's other ports are its policy's business");
});

t.test('where containers get to, under a firewall that does not forward', async (t) => {
  const { host, neighbour, one, two, back } = await makeLab(t, [['-P', 'FORWARD', 'DROP']]);
  await serve(t, neighbour, outsideAddress, 8080);
  await serve(t, two, '0.0.0.0', 8080);
  await serve(t, back, '0.0.0.0', 8080);
  t.equal(ask(one, 'tcp', outsideAddress, 8080), '192.0.2.1', 'outside sees the host');
  t.equal(ask(one, 'udp', outsideAddress, 8080), '192.0.2.1');
  t.equal(ask(one, 'tcp', '10.42.7.10', 8080), '10.42.7.9', 'a sibling sees the container');
  t.equal(ask(one, 'tcp', '10.50.1.9', 8080), '10.42.7.9', 'so does a container of another network');
  t.equal(ask(host, 'tcp', '10.42.7.10', 8080), '10.42.7.1', 'the host reaches containers');
  t.equal(ask(neighbour, 'tcp', '10.42.7.10', 8080), 'TIMEOUT', 'outside does not, unasked');
  exec(host, 'iptables', ['-P', 'FORWARD', 'ACCEPT']);
  t.equal(ask(neighbour, 'tcp', '10.42.7.10', 8080), '192.0.2.2', 'unless the host wants it');
});

t.test('queries leave nothing in the connection table', async (t) => {
  const { host, one, keepers } = await makeLab(t);
  await serve(t, host, service, 53);
  const entries = (): number => Number(exec(host, 'conntrack', ['-C']));
  exec(host, 'conntrack', ['-F']);
  t.equal(ask(one, 'udp', service, 53, 2_000), '2000', 'all answered');
  t.equal(ask(host, 'udp', service, 53, 500), '500', "the host's own over lo");
  t.notMatch(exec(host, 'conntrack', ['-L', '-p', 'udp']), 'port=53 ');
  t.ok(entries() < 20, `${entries()} entries`);
  await keepers.stop();
  exec(host, 'iptables', ['-t', 'raw', '-F', 'CATTLE_RAW_PREROUTING']);
  exec(host, 'iptables', ['-t', 'raw', '-F', 'CATTLE_RAW_OUTPUT']);
  ask(one, 'udp', service, 53, 100);
  t.ok(entries() >= 100, 'the table is in use, and the rules keep it empty');
});

/** The commands as one text for iptables-restore, in the order in which they stand. */
function damageOf(commands: readonly string[][]): string {
  const ofTable = Map.groupBy(commands, ([flag, table]) => (flag === '-t' ? table! : 'filter'));
  const lines = [...ofTable].map(([table, all]) => {
    const rules = all.map((command) => (command[0] === '-t' ? command.slice(2) : command).join(' '));
    return [`*${table}`, ...rules, 'COMMIT', ''].join('\n');
  });
  return lines.join('');
}

t.test('foreign damage heals within 10 s, and foreign rules stay', async (t) => {
  const theirs = [
    ['-N', 'THEIRS'],
    ['-A', 'THEIRS', '-s', '203.0.113.0/24', '-j', 'DROP'],
    ['-A', 'INPUT', '-j', 'THEIRS'],
    ['-A', 'FORWARD', '-m', 'comment', '--comment', 'corral: not a rule of ours', '-j', 'THEIRS'],
    ['-t', 'nat', '-A', 'POSTROUTING', '-s', '172.17.0.0/16', '!', '-o', 'docker0', '-j', 'MASQUERADE'],
  ];
  const { host, keepers } = await makeLab(t, theirs);
  const want = rulesOf(host);
  t.match(want, 'not a rule of ours');
  t.equal(await keepers.count('healed', 'rules'), 0);
  const heals = async (what: string, ...commands: string[][]): Promise<void> => {
    const healed = await keepers.count('healed', 'rules');
    // In one go: healing begins with the first change, and would meet the next one half-way.
    exec(host, 'iptables-restore', ['--noflush', '-w', '5'], damageOf(commands));
    await until(10_500, `${what} heals`, () => rulesOf(host) === want);
    const isCounted = async (): Promise<boolean> => (await keepers.count('healed', 'rules')) > healed;
    t.ok(await until(1_000, 'it is counted', isCounted), `${what} is counted`);
  };
  await heals(
    'flushed and removed',
    ...['CATTLE_INPUT', 'CATTLE_FORWARD'].map((chain) => ['-F', chain]),
    ['-t', 'raw', '-F'],
    ['-t', 'raw', '-X'],
    ['-t', 'nat', '-F', 'CATTLE_NAT_POSTROUTING'],
    ['-t', 'nat', '-D', 'POSTROUTING', '1'],
    ['-t', 'nat', '-X', 'CATTLE_NAT_POSTROUTING'],
  );
  const jump = rulesOf(host)
    .split('\n')
    .find((line) => line.startsWith('-A INPUT') && line.includes('CATTLE_INPUT'))!;
  const parts = jump.replaceAll('"', '').split(' ').slice(2);
  await heals('a jump behind another rule', ['-D', 'INPUT', ...parts], ['-A', 'INPUT', ...parts]);
  await heals('a jump twice', ['-A', 'INPUT', ...parts]);
  await heals('a rule too many', ['-I', 'CATTLE_INPUT', '-j', 'ACCEPT']);
  exec(host, 'iptables', ['-F']);
  await until(10_500, 'iptables -F heals', () => rulesOf(host).includes('-A CATTLE_FORWARD -s 10.42.0.0/16'));
  t.notMatch(rulesOf(host), 'not a rule of ours', 'what others lost is theirs to bring back');
  await keepers.becomes('ready');
});

t.test('nothing to do means nothing written', async (t) => {
  const { host, keepers } = await makeLab(t);
  const ruleset = (): string => exec(host, 'nft', ['-s', '-a', 'list', 'ruleset']);
  const before = ruleset();
  const [writes, passes] = [await keepers.count('writes', 'rules'), await keepers.count('passes', 'rules')];
  for (let more = 1; more <= 3; more += 1) {
    keepers.send(objects, false);
    keepers.send(objects, true);
    await until(5_000, 'a pass more', async () => (await keepers.count('passes', 'rules')) >= passes + more);
  }
  t.equal(await keepers.count('writes', 'rules'), writes);
  t.equal(ruleset(), before, 'every rule has the handle that it had');
});

t.test("a bridge of Docker's that comes later is let in, and out when it goes", async (t) => {
  const { host } = await makeLab(t);
  exec(host, 'ip', ['link', 'add', 'br-0123456789ab', 'type', 'bridge']);
  exec(host, 'ip', ['address', 'add', '172.30.0.1/16', 'dev', 'br-0123456789ab']);
  t.ok(await until(3_000, 'it is let in', () => rulesOf(host).includes('-s 172.30.0.0/16')));
  exec(host, 'ip', ['link', 'del', 'br-0123456789ab']);
  t.ok(await until(3_000, 'it is not any more', () => !rulesOf(host).includes('br-0123456789ab')));
});
