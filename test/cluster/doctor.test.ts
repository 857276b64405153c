// `corral doctor` on a host of a lab: all is well, then one thing after the other is broken, and it is that check that tells.
import t from 'tap';
import type { Diagnosis } from '../../daemons/supervisor/cli/render-diagnosis.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { makeTestLab } from './support/lab.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

t.setTimeout(175_000);

t.test('what is broken is named', async (t) => {
  const lab = await makeTestLab(t, { hosts: 2 });
  const sh = (script: string): string => lab.run('h1', 'sh', '-c', script);
  const diagnose = (): Diagnosis => JSON.parse(sh('corral doctor --json || true'));
  const troubles = (): string[] => {
    return diagnose().checks.flatMap(({ id, result }) =>
      ['warn', 'fail'].includes(result) ? [`${result} ${id}`] : [],
    );
  };
  const well = await until(60_000, 'nothing fails', () => {
    const found = diagnose();
    return found.ok ? found : undefined;
  });
  t.ok(well.checks.length >= 15);
  t.equal(new Set(well.checks.map(({ id }) => id)).size, well.checks.length, 'every check has a name of its own');
  // What the machine itself has (a slow etcd, a name server that does not answer) is no fault of the lab.
  const usual = new Set(troubles());
  // Daemons notice much of it too, sooner or later.
  const news = (): string[] => troubles().filter((one) => !usual.has(one) && !one.endsWith(' daemons'));
  const container = lab.hosts[0]!.containers[0]!;

  const faults: readonly (readonly [fault: string, make: string, undo: string, ...troubles: string[]])[] = [
    [
      'senders are not checked',
      'sysctl -qw net.ipv4.conf.all.rp_filter=2',
      'sysctl -qw net.ipv4.conf.all.rp_filter=0',
      'warn rp-filter',
    ],
    [
      'rules in the other backend',
      'iptables-legacy -A INPUT -j ACCEPT',
      'iptables-legacy -D INPUT -j ACCEPT',
      'warn iptables-backend',
    ],
    [
      'a range is routed elsewhere',
      'ip route add 10.42.200.0/24 dev eth0',
      'ip route del 10.42.200.0/24',
      'fail subnets',
    ],
    [
      'a key that all may read',
      'umask 0; touch $CORRAL_ROOT/var/lib/corral/x.key',
      'rm $CORRAL_ROOT/var/lib/corral/x.key',
      'fail file-modes',
    ],
    [
      'a key of the configuration is misspelt',
      'cd $CORRAL_ROOT/etc/corral; cp corral.yaml was; sed -i "1s|{|{ metdata: {},|" corral.yaml',
      'cd $CORRAL_ROOT/etc/corral; mv was corral.yaml',
      'fail configuration',
    ],
  ];
  for (const [fault, make, undo, ...expected] of faults) {
    sh(make);
    t.same(news(), expected, fault);
    sh(undo);
  }

  const [route = ''] = lab.run(`h1/${container}`, 'ip', 'route', 'show', 'default').split('\n');
  lab.run(`h1/${container}`, 'ip', 'route', 'del', 'default');
  t.same(news(), ['fail container-view'], 'a container without a route');
  const text = sh('corral doctor || true');
  t.match(text, /^fail {2}container-view +\S+ does not reach metadata: .*ENETUNREACH/m);
  t.match(text, /^ +→ is its route/m);
  lab.run(`h1/${container}`, 'ip', 'route', 'add', ...route.trim().split(' '));

  // A daemon that hangs keeps its sockets, so only whoever asks it finds out; the supervisor ends it after 15 s.
  await lab.fault('pause', 'h1', 'dns');
  const begun = performance.now();
  const hanging = news();
  t.ok(performance.now() - begun < 30_000, 'it waits for nobody for long');
  t.ok(hanging.includes('fail dns') && hanging.includes('fail container-view'), hanging.join());
  t.same(
    hanging.filter((one) => !/ (dns|container-view)$/.test(one)),
    [],
  );
  await lab.fault('resume', 'h1', 'dns');

  await t.test('an archive for support holds no secret', async (t) => {
    const secret = (number: number): string => `PLANTED-${number}-s3cr3t`;
    const labels = { 'db.password': secret(1), note: `token=${secret(2)}`, role: 'visible-label' };
    await lab.addContainer('h1', 'sec', { labels });
    const line = { level: 'info', time: new Date().toISOString(), msg: `used ${secret(7)}`, password: secret(3) };
    sh(
      `cd $CORRAL_ROOT; echo '${JSON.stringify(line)}' >> var/log/corral/dns.log; echo 'token: ${secret(4)}' >> var/log/corral/dns.log`,
    );
    sh(`cd $CORRAL_ROOT; (umask 077; echo ${secret(7)} > var/lib/corral/tunnel.key)`);
    sh(
      `cd $CORRAL_ROOT/etc/corral; cp corral.yaml was; sed -i '1s|{|{ "scratch": { "token": "${secret(5)}" },|' corral.yaml; echo '# ${secret(6)}' >> corral.yaml`,
    );
    sh(`echo '{ "name": "x", "password": "${secret(8)}" }' > $CORRAL_ROOT/etc/cni/x.conflist`);
    sh(`iptables -A INPUT -m comment --comment secret=${secret(9)}`);
    const said = sh('corral bundle --to $CORRAL_ROOT/b.tar.gz');
    t.match(said, /b\.tar\.gz: \d+ files, \d+ KB/);
    t.equal(sh('stat -c %a $CORRAL_ROOT/b.tar.gz'), '600\n');
    const all = sh('tar -xzOf $CORRAL_ROOT/b.tar.gz');
    t.notMatch(all, /PLANTED/);
    for (const word of [
      'container-view',
      'CATTLE_FORWARD',
      'vtep1042',
      'visible-label',
      '"driver"',
      'daemon.started',
      'Node.js',
    ])
      t.match(all, word);
    t.match(all, /"scratch": \{\n *"token": "\[removed\]"/, 'the configuration is in it');
    t.throws(() => sh('corral bundle --to $CORRAL_ROOT/b.tar.gz'), /already/, 'nothing is overwritten');
    sh('cd $CORRAL_ROOT/etc/corral; mv was corral.yaml');
  });

  await lab.fault('cut', 'h2');
  await until(60_000, 'the lost peer is named', () =>
    diagnose().checks.some(({ id, result }) => id === 'peers' && result === 'fail'),
  );
});
