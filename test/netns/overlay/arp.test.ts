import { createRequire } from 'node:module';
import t from 'tap';
import { exec, isRoot, until } from '../support/namespaces.ts';
import {
  addBridge,
  containerObject,
  hostObject,
  makeContainer,
  makeHost,
  makeSwitch,
  networkObject,
  patience,
  pings,
  startDaemon,
} from './support/hosts.ts';

const hasCap = (() => {
  try {
    createRequire(import.meta.url)('cap');
    return true;
  } catch {
    return false;
  }
})();

if (!isRoot) t.plan(0, 'needs root');
else if (!hasCap) t.plan(0, 'needs the optional package cap');
t.setTimeout(120_000);

const env = { CORRAL_OVERLAY_ARP: 'responder' };

t.test('the responder answers where the kernel does not', async (t) => {
  const sw = makeSwitch(t);
  const objects = [
    networkObject('flat', { subnet: '10.44.0.0/16', blocks: 'none', vni: 4200 }),
    hostObject(1),
    hostObject(2),
    containerObject(1, '10.44.0.5', { network: 'flat' }),
    containerObject(2, '10.44.9.9', { network: 'flat' }),
  ];
  const hosts = await Promise.all([1, 2].map((number) => makeHost(t, sw, number, objects)));
  for (const { ns } of hosts) addBridge(ns, 'corral-flat', ['10.44.0.1/16']);
  const daemons = hosts.map((host) => startDaemon(t, host, env));
  await Promise.all(daemons.map((daemon) => daemon.settled()));
  const [h1, h2] = [hosts[0]!, hosts[1]!];
  t.equal(exec(h1.ns, 'cat', ['/proc/sys/net/ipv4/conf/corral-flat/proxy_arp']).trim(), '0');
  const c1 = makeContainer(t, h1, '10.44.0.5/16', { bridge: 'corral-flat', gateway: '10.44.0.1' });
  makeContainer(t, h2, '10.44.9.9/16', { bridge: 'corral-flat', gateway: '10.44.0.1' });
  await until(patience, 'container reaches container', () => pings(c1, '10.44.9.9'));
  const answered = (): string => exec(c1, 'ip', ['neigh', 'show', '10.44.9.9']);
  const macOfBridge = (): string => exec(h1.ns, 'cat', ['/sys/class/net/corral-flat/address']).trim();
  t.match(answered(), macOfBridge());
  t.notOk(pings(c1, '10.44.7.7'), 'an address that nobody has');
  t.notMatch(exec(c1, 'ip', ['neigh', 'show', '10.44.7.7']), /lladdr/);
  t.match(await daemons[0]!.metrics(), /corral_overlay_arp_answers_total\{daemon="overlay"\} [1-9]/);

  exec(h1.ns, 'ip', ['link', 'set', 'corral-flat', 'address', '0a:58:0a:2c:00:77']);
  await until(patience, 'its answers have the new MAC', () => {
    exec(c1, 'ip', ['neigh', 'flush', 'dev', 'eth0']);
    pings(c1, '10.44.9.9');
    return answered().includes('0a:58:0a:2c:00:77');
  });
  exec(h1.ns, 'ip', ['link', 'del', 'corral-flat']);
  addBridge(h1.ns, 'corral-flat', ['10.44.0.1/16']);
  const c2 = makeContainer(t, h1, '10.44.0.6/16', { bridge: 'corral-flat', gateway: '10.44.0.1' });
  for (const host of hosts) host.metadata.change([containerObject(1, '10.44.0.6', { network: 'flat' })]);
  await until(patience, 'on a bridge that was made anew', () => pings(c2, '10.44.9.9'));
  t.equal(daemons[0]!.process.exitCode, null);
});
