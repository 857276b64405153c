import t from 'tap';
import { vtepMac } from '../../../daemons/shared/model/mac.ts';
import { exec, isRoot, until } from '../support/namespaces.ts';
import {
  cluster,
  hostIdOf,
  kernelState,
  linkShown,
  makeContainer,
  makeHost,
  makeSwitch,
  patience,
  pings,
  startDaemon,
} from './support/hosts.ts';

if (!isRoot) t.plan(0, 'needs root');
else {
  t.test('the worked example with blocks: exact state of the kernel, and traffic', async (t) => {
    const sw = makeSwitch(t);
    const objects = cluster(3);
    const hosts = await Promise.all([1, 2, 3].map((number) => makeHost(t, sw, number, objects)));
    const daemons = hosts.map((host) => startDaemon(t, host));
    await Promise.all(daemons.map((daemon) => daemon.settled()));
    const [h1, h2] = [hosts[0]!, hosts[1]!];
    const mac = (number: number): string => vtepMac(hostIdOf(number));
    t.same(
      kernelState(h1),
      [
        `${mac(2)} dst 192.168.50.12 self permanent`,
        `${mac(3)} dst 192.168.50.13 self permanent`,
        `10.42.2.0 lladdr ${mac(2)} PERMANENT`,
        `10.42.3.0 lladdr ${mac(3)} PERMANENT`,
        '10.42.2.0/24 via 10.42.2.0 dev vtep1042 src 10.42.1.1 onlink',
        '10.42.3.0/24 via 10.42.3.0 dev vtep1042 src 10.42.1.1 onlink',
        'unreachable 10.42.0.0/16 metric 4294967295',
      ].sort((a, b) => kernelOrder(a) - kernelOrder(b)),
    );
    const link = linkShown(h1);
    t.match(link, { mtu: 1450, address: mac(1), ifalias: 'corral:corral' });
    t.match(link?.linkinfo.info_data, { id: 1042, port: 4789, local: '192.168.50.11', learning: false });
    t.ok(link?.flags.includes('UP'));

    const c11 = makeContainer(t, h1, '10.42.1.11/24', { gateway: '10.42.1.1' });
    const c21 = makeContainer(t, h2, '10.42.2.21/24', { gateway: '10.42.2.1' });
    await until(patience, 'container reaches container', () => pings(c11, '10.42.2.21'));
    t.ok(pings(c21, '10.42.1.11'), 'and back');
    t.ok(pings(h1.ns, '10.42.2.21'), 'host reaches a remote container');
    t.ok(pings(c11, '10.42.2.1'), 'a container reaches the remote gateway');
    t.ok(pings(c11, '10.42.2.21', 1450), 'the largest packet passes whole');
    t.notOk(pings(c11, '10.42.2.21', 1451), 'one byte more is refused');
    t.match(ttlOf(exec(c11, 'ping', ['-c', '1', '10.42.2.21'])), '62', 'two hops');
    t.notOk(pings(c11, '10.42.99.1'), 'a block that nobody owns is unreachable');
  });
}

/** Tables in the order in which they are listed. */
function kernelOrder(line: string): number {
  return line.includes(' self ') ? 0 : line.includes('lladdr') ? 1 : 2;
}

function ttlOf(output: string): string {
  return /ttl=(\d+)/.exec(output)?.[1] ?? '';
}
