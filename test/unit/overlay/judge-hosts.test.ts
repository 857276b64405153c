import t from 'tap';
import { judgeHosts } from '../../../daemons/overlay/judge-hosts.ts';
import { vtepMac } from '../../../daemons/shared/model/mac.ts';
import type { HostObject } from '../../../daemons/shared/model/objects.ts';
import { hostIdOf, hostObject } from '../../fixtures/overlay-objects.ts';
import { ip, snapshotOf } from './support.ts';

const judge = (...hosts: HostObject[]): ReturnType<typeof judgeHosts> =>
  judgeHosts(snapshotOf([hostObject(1), ...hosts]));
const names = (...hosts: HostObject[]): string[] => judge(...hosts).peers.map(({ host }) => host);

t.test('this host and its peers, in order of their ids', async (t) => {
  const { self, peers, faults } = judge(hostObject(3), hostObject(2, { alive: false }));
  t.same(self, { hostId: hostIdOf(1), mac: vtepMac(hostIdOf(1)), address: ip('192.168.50.11') });
  t.match(peers, [
    { host: 'node-2', alive: false, address: ip('192.168.50.12'), mac: vtepMac(hostIdOf(2)) },
    { host: 'node-3', alive: true },
  ]);
  t.same(faults, []);
});

t.test('an equal record gives the same object', async (t) => {
  const host = hostObject(2);
  t.equal(judge(host).peers[0], judge(host, hostObject(3)).peers[0]);
});

t.test('who cannot be a peer is left out and reported; the rest goes on', async (t) => {
  const cases: [string, Partial<HostObject>, RegExp | undefined][] = [
    ['an address of nobody', { agentIp: '0.0.0.0' }, /cannot be reached/],
    ['loopback', { agentIp: '127.0.0.1' }, /cannot be reached/],
    ['multicast', { agentIp: '224.0.0.9' }, /cannot be reached/],
    ['broadcast', { agentIp: '255.255.255.255' }, /cannot be reached/],
    ['a name', { agentIp: 'node-2.example' }, /cannot be reached/],
    ['nothing', { agentIp: '' }, /cannot be reached/],
    ['of the other family', { agentIp: 'fd50::2' }, /another family/],
    ['our own address', { agentIp: '192.168.50.11' }, /this host has its agent address/],
    ['our own MAC', { vtepMac: vtepMac(hostIdOf(1)) }, /this host has its overlay MAC/],
    ['a multicast MAC', { vtepMac: '01:00:5e:00:00:01' }, /of no device/],
    ['no MAC at all', { vtepMac: 'zz:00:00:00:00:00' }, /of no device/],
    ['a MAC of zeros', { vtepMac: '00:00:00:00:00:00' }, /of no device/],
    ['no address yet', { agentIp: null }, undefined],
  ];
  for (const [what, rest, fault] of cases) {
    const { peers, faults } = judge(hostObject(2, rest), hostObject(3));
    t.same(
      peers.map(({ host }) => host),
      ['node-3'],
      what,
    );
    if (fault) t.match(faults, [fault], what);
    else t.same(faults, [], what);
  }
  const { vtepMac: _, ...declared } = hostObject(2);
  t.same(names(declared, hostObject(3)), ['node-3'], 'a declared host has no overlay');
});

t.test('of two hosts with one address or MAC the lower id is kept, in whatever order they come', async (t) => {
  const twins = [
    hostObject(2),
    hostObject(3, { agentIp: '192.168.50.12' }),
    hostObject(4, { vtepMac: vtepMac(hostIdOf(2)) }),
  ];
  for (const hosts of [twins, twins.toReversed()]) {
    const { peers, faults } = judge(...hosts);
    t.same(
      peers.map(({ host }) => host),
      ['node-2'],
    );
    t.match(faults, [/^node-3: node-2 has its agent address 192\.168\.50\.12/, /^node-4: node-2 has its overlay MAC/]);
  }
});

t.test('without an own address there are no peers', async (t) => {
  for (const agentIp of [null, '127.0.0.1']) {
    const { self, peers } = judgeHosts(snapshotOf([hostObject(1, { agentIp }), hostObject(2)]));
    t.same([self, peers], [undefined, []]);
  }
  t.equal(judgeHosts(snapshotOf([hostObject(2)])).self, undefined);
});

t.test('an IPv6 underlay', async (t) => {
  const { self, peers } = judgeHosts(
    snapshotOf([hostObject(1, { agentIp: 'fd50:0::11' }), hostObject(2, { agentIp: 'fd50::12' }), hostObject(3)]),
  );
  t.equal(self?.address, 'fd50::11', 'in the kernel’s form');
  t.same(
    peers.map(({ address }) => address),
    ['fd50::12'],
  );
});
