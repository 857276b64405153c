import t from 'tap';
import { Payload } from '../../../daemons/shared/effects/netlink/attributes.ts';
import { Transport } from '../../../daemons/shared/effects/netlink/transport.ts';
import { inNetns, openNetns } from '../../../daemons/shared/effects/netns.ts';
import { exec, isRoot, type Namespace, until } from '../support/namespaces.ts';
import { ask, makeLab, objects, outsideAddress, serve } from './support/lab.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(60_000);

const name = 'RANCHER_DISABLE_HOST_NAT_IPSET';
const request = (): Payload => new Payload(Uint8Array.of(2, 0, 0, 0)).u8(1, 6).text(2, name);

/** As `ipset create NAME hash:net; ipset add NAME 198.51.100.0/24` does. */
async function makeSet(ns: Namespace): Promise<void> {
  const netns = openNetns(ns.path);
  const transport = inNetns(netns, () => new Transport({ protocol: 12 }));
  netns.close();
  const create = request().text(3, 'hash:net').u8(4, 0).u8(5, 2);
  await transport.request('create', (6 << 8) | 2, 0x600, create.nest(7, () => undefined).finish());
  const address = Uint8Array.of(198, 51, 100, 0);
  const add = request().nest(7, (data) => data.nest(1, (ip) => ip.bytes(0x4001, address)).u8(3, 24));
  await transport.request('add', (6 << 8) | 9, 0x200, add.finish());
  transport.close();
}

t.test('ranges in the set see the address of the container', async (t) => {
  const { host, neighbour, one, keepers } = await makeLab(t);
  await serve(t, neighbour, outsideAddress, 8080);
  t.equal(ask(one, 'tcp', outsideAddress, 8080), '192.0.2.1', 'without the set');
  await makeSet(host);
  keepers.send(objects, false); // makes it look now
  keepers.send(objects);
  await until(5_000, 'noticed', () => exec(host, 'iptables-save', ['-t', 'nat']).includes(name));
  t.equal(ask(one, 'tcp', outsideAddress, 8080), '10.42.7.9');
  t.equal(ask(one, 'tcp', '192.0.2.2', 8080), 'ECONNREFUSED', 'elsewhere it is masqueraded');
});
