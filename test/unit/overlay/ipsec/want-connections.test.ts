import t from 'tap';
import type { Credentials, WantConnection } from '../../../../daemons/overlay/ipsec/want-connections.ts';
import { wantConnections } from '../../../../daemons/overlay/ipsec/want-connections.ts';
import {
  blockObject,
  containerObject,
  hostIdOf,
  hostObject,
  networkObject,
} from '../../../fixtures/overlay-objects.ts';
import { connectionsOf, credentialsOf, ipsecCluster, ipsecWish, publicBytes, settings } from './support.ts';

const three = ipsecCluster(3);
const of = (list: readonly WantConnection[], number: number): WantConnection =>
  list.find(({ hostId }) => hostId === hostIdOf(number))!;
const childOf = ({ message }: WantConnection, name = 'corral') =>
  (message.children as Record<string, Record<string, unknown>>)[name]!;

t.test('a peer is one connection with the blocks of both ends, and nothing weaker than AEAD', async (t) => {
  const { networks } = ipsecWish(three);
  const list = connectionsOf(networks, credentialsOf(3));
  t.equal(list.length, 2);
  const second = of(list, 2);
  t.match(second.name, new RegExp(`^corral-${hostIdOf(2)}-[0-9a-f]{8}$`));
  t.match(second.message, {
    version: 2,
    local_addrs: ['192.168.50.11'],
    remote_addrs: ['192.168.50.12', '%any'],
    mobike: false,
    keyingtries: 0,
    dpd_delay: '10s',
    rekey_time: '14400s',
    over_time: '1440s',
    unique: 'replace',
    local: { auth: 'pubkey', id: hostIdOf(1), pubkeys: [publicBytes(1)] },
    remote: { auth: 'pubkey', id: hostIdOf(2), pubkeys: [publicBytes(2)] },
  });
  t.match(childOf(second), { local_ts: ['10.42.1.0/24'], remote_ts: ['10.42.2.0/24'], start_action: 'trap' });
  t.equal(childOf(second).rekey_packets, 2 ** 31, 'with the tenth that it may live longer, less than 32 bits count');
  const proposals = JSON.stringify([second.message.proposals, childOf(second).esp_proposals]);
  t.match(proposals, 'aes256gcm16');
  t.notMatch(proposals, /cbc|sha1|md5|3des|modp|aes256-|aes128-/);
});

t.test('of each pair one begins, and restarts what falls silent', async (t) => {
  const first = of(connectionsOf(ipsecWish(three, 1).networks, credentialsOf(3, 1)), 2);
  const second = of(connectionsOf(ipsecWish(three, 2).networks, credentialsOf(3, 2)), 1);
  t.same([first.initiates, second.initiates], [true, false]);
  t.same([childOf(first).dpd_action, childOf(second).dpd_action], ['restart', 'trap']);
});

t.test('the way of encryption decides about identifiers and UDP', async (t) => {
  const { networks } = ipsecWish(three);
  const by = (mode: 'interface' | 'policies' | 'user-space') => of(connectionsOf(networks, credentialsOf(3), mode), 2);
  t.match(childOf(by('interface')), { if_id_in: 1042, if_id_out: 1042 });
  t.equal(childOf(by('policies')).if_id_in, undefined);
  t.same([by('interface').message.encap, by('user-space').message.encap], [false, true]);
});

t.test('another address or another key in use is another connection; an announced key is not', async (t) => {
  const { networks } = ipsecWish(three);
  const nameFor = (own: Buffer, keys: readonly Buffer[]): WantConnection =>
    of(connectionsOf(networks, { by: 'keys', own, peers: new Map([[hostIdOf(2), keys]]) }), 2);
  const before = nameFor(publicBytes(1), [publicBytes(2)]);
  const announced = nameFor(publicBytes(1), [publicBytes(2), publicBytes(4)]);
  t.equal(announced.name, before.name);
  t.not(announced.digest, before.digest, 'it is loaded again all the same');
  t.not(nameFor(publicBytes(1), [publicBytes(4)]).name, before.name);
  t.not(nameFor(publicBytes(4), [publicBytes(2)]).name, before.name);
  const moved = three.map((one) =>
    one.kind === 'host' && one.name === 'node-2' ? { ...one, agentIp: '10.9.9.9' } : one,
  );
  t.not(of(connectionsOf(ipsecWish(moved).networks, credentialsOf(3)), 2).name, before.name);
  t.equal(nameFor(publicBytes(1), [publicBytes(2)]).digest, before.digest, 'equal input, equal connection');
});

t.test('who has told no key is left out and named; the others go on', async (t) => {
  const { networks } = ipsecWish(three);
  const credentials = { ...credentialsOf(3), peers: new Map([[hostIdOf(3), [publicBytes(3)]]]) } as Credentials;
  const { connections, faults } = wantConnections(networks, { credentials, settings, mode: 'policies' });
  t.same(
    connections.map(({ host }) => host),
    ['node-3'],
  );
  t.match(faults, [{ network: 'corral', code: 'PEER_INVALID', text: /node-2/ }]);
});

t.test('networks share the connection, each with a child of its own', async (t) => {
  const more = [
    ...three,
    networkObject('blue', { driver: 'ipsec', subnet: '10.43.0.0/16', vni: 7 }),
    blockObject(1, '10.43.1.0/24', { network: 'blue' }),
    blockObject(2, '10.43.2.0/24', { network: 'blue' }),
  ];
  const list = connectionsOf(ipsecWish(more).networks, credentialsOf(3), 'interface');
  t.same(
    of(list, 2).children.map(({ name }) => name),
    ['corral', 'blue'],
  );
  t.match(childOf(of(list, 2), 'blue'), { remote_ts: ['10.43.2.0/24'], if_id_out: 7 });
  t.same(
    of(list, 3).children.map(({ name }) => name),
    ['corral'],
  );
});

t.test('addresses outside of blocks are selectors of their own, on both ends', async (t) => {
  const objects = [...three, containerObject(2, '10.42.200.7'), containerObject(1, '10.42.201.7')];
  const [child] = of(connectionsOf(ipsecWish(objects).networks, credentialsOf(3)), 2).children;
  t.same(child?.localTs, ['10.42.1.0/24', '10.42.201.7/32']);
  t.same(child?.remoteTs, ['10.42.2.0/24', '10.42.200.7/32']);
});

t.test('a shared secret leaves keys out, and another secret is another connection', async (t) => {
  const { networks } = ipsecWish([...three.slice(0, 1), hostObject(1), hostObject(2), blockObject(1), blockObject(2)]);
  const [one] = connectionsOf(networks, { by: 'secret', mark: 'a' });
  t.match(one?.message, { local: { auth: 'psk', pubkeys: undefined }, remote: { auth: 'psk' } });
  const [other] = connectionsOf(networks, { by: 'secret', mark: 'b' });
  t.not(other?.name, one?.name);
  t.notSame(other?.message, one?.message, 'charon tells them apart by what is in them, not by their names');
});
