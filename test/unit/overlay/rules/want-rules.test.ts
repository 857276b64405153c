import t from 'tap';
import { isOverlayChain, peerIps, type RuleFacts, wantRules } from '../../../../daemons/overlay/rules/want-rules.ts';
import { hooksOf } from '../../../../daemons/shared/model/hooks.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { blockObject, cluster, hostObject, networkObject } from '../../../fixtures/overlay-objects.ts';
import { ip, wishOf } from '../support.ts';

function factsFor(objects: readonly SnapshotObject[], rest: Partial<RuleFacts> = {}): RuleFacts {
  const networks = wishOf(objects).networks.map((network) => ({
    network,
    devices: [`vtep${network.vni}`],
    inputs: [],
  }));
  return { networks, guards: [], family: 4, hasSets: true, ...rest };
}

function textOf(facts: RuleFacts): string[] {
  return wantRules(facts).flatMap(({ table, chain, rules }) => rules.map((rule) => `${table} ${chain} ${rule}`));
}

t.test('one network over IPv4', async (t) => {
  const vni = '-p udp -m udp --dport 4789 -m u32 --u32 "0x0>>0x16&0x3c@0xc>>0x8=0x412"';
  t.same(textOf(factsFor(cluster(3))), [
    'raw CATTLE_OVERLAY_OWN -j CT --notrack',
    'raw CATTLE_OVERLAY_PEERS -m set ! --match-set corral-peers4 src -j DROP',
    'raw CATTLE_OVERLAY_PEERS -j CATTLE_OVERLAY_OWN',
    `raw CATTLE_OVERLAY_RAW ${vni} -j CATTLE_OVERLAY_PEERS`,
    `raw CATTLE_OVERLAY_RAW_OUTPUT ${vni} -j CATTLE_OVERLAY_OWN`,
    'mangle CATTLE_OVERLAY_MSS -o vtep1042 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
    `filter CATTLE_OVERLAY_INPUT ${vni} -j ACCEPT`,
    'filter CATTLE_OVERLAY_INPUT -s 10.42.0.0/16 -i vtep1042 -p udp -m udp --dport 9843 -j ACCEPT',
    'filter CATTLE_OVERLAY_FORWARD -s 10.42.0.0/16 -d 10.42.0.0/16 -i vtep1042 -o corral0 -j ACCEPT',
  ]);
  t.same([...peerIps(factsFor(cluster(3)))], [ip('192.168.50.12'), ip('192.168.50.13')]);
  t.same(textOf(factsFor(cluster(3), { family: 6 })), [], 'nothing of it is IPv6');
});

t.test('where the kernel has no sets, a rule for each peer', async (t) => {
  const rules = textOf(factsFor(cluster(3), { hasSets: false })).filter((line) => line.includes('PEERS '));
  t.same(rules, [
    'raw CATTLE_OVERLAY_PEERS -s 192.168.50.12/32 -g CATTLE_OVERLAY_OWN',
    'raw CATTLE_OVERLAY_PEERS -s 192.168.50.13/32 -g CATTLE_OVERLAY_OWN',
    'raw CATTLE_OVERLAY_PEERS -j DROP',
  ]);
});

t.test('IPv6 inside, and IPv6 outside', async (t) => {
  const inside = [
    networkObject('corral', { subnet6: 'fd42::/48' }),
    hostObject(1),
    hostObject(2),
    blockObject(1),
    blockObject(2),
  ];
  t.same(textOf(factsFor(inside, { family: 6 })), [
    'mangle CATTLE_OVERLAY_MSS -o vtep1042 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
    'filter CATTLE_OVERLAY_INPUT -s fd42::/48 -i vtep1042 -p udp -m udp --dport 9843 -j ACCEPT',
    'filter CATTLE_OVERLAY_FORWARD -s fd42::/48 -d fd42::/48 -i vtep1042 -o corral0 -j ACCEPT',
  ]);
  const outside = [1, 2].flatMap((number) => [hostObject(number, { agentIp: `fd50::${number}` }), blockObject(number)]);
  const six = textOf(factsFor([networkObject(), ...outside], { family: 6 }));
  t.match(six[1], '--match-set corral-peers6 src');
  t.same(
    six.filter((line) => line.includes('OVERLAY_RAW ')),
    [
      'raw CATTLE_OVERLAY_RAW -p udp -m udp --dport 4789 -m u32 --u32 "0x3&0xff=0x0:0x10,0x12:0xff" -j DROP',
      'raw CATTLE_OVERLAY_RAW -p udp -m udp --dport 4789 -m u32 --u32 "0x34>>0x8=0x412" -j CATTLE_OVERLAY_PEERS',
    ],
    'headers that would hide the VNI are refused first',
  );
  t.notMatch(textOf(factsFor([networkObject(), ...outside])).join('\n'), '4789', 'and IPv4 has no tunnel');
});

t.test('many VNIs share rules of ten', async (t) => {
  const objects: SnapshotObject[] = [hostObject(1)];
  for (let number = 0; number < 12; number += 1) {
    const name = `n${number}`;
    objects.push(
      networkObject(name, { subnet: `10.${50 + number}.0.0/16`, vni: 100 + number, bridge: `corral-${name}` }),
    );
    objects.push(blockObject(1, `10.${50 + number}.1.0/24`, { network: name }));
  }
  const rules = textOf(factsFor(objects)).filter((line) => line.includes('OVERLAY_RAW '));
  t.equal(rules.length, 2);
  t.match(rules[1], /=0x6[0-9a-f],0x6[0-9a-f]"/);
});

t.test('direct networks take their containers’ packets from the uplink', async (t) => {
  const lines = textOf(factsFor([networkObject('corral', { direct: true }), ...cluster(2).slice(1)]));
  t.ok(
    lines.includes('filter CATTLE_OVERLAY_FORWARD -s 10.42.0.0/16 -d 10.42.0.0/16 ! -i corral0 -o corral0 -j ACCEPT'),
  );
  t.ok(lines.includes('filter CATTLE_OVERLAY_INPUT -s 10.42.0.0/16 -p udp -m udp --dport 9843 -j ACCEPT'));
});

t.test('without networks there is nothing, and every chain that is hooked is ours by name', async (t) => {
  t.same(wantRules({ networks: [], guards: [], family: 4, hasSets: true }), []);
  const guards = wishOf([networkObject('corral', { driver: 'ipsec' })]).guarded.map((network) => {
    return { network, devices: [], passes: { out: [], in: [] } };
  });
  const chains = new Set(wantRules({ ...factsFor(cluster(2)), guards }).map(({ chain }) => chain));
  for (const { chain } of hooksOf('overlay')) t.ok(isOverlayChain(chain) && chains.has(chain), chain);
  t.notOk(isOverlayChain('CATTLE_FORWARD'));
});

t.test('what is secret passes by its bridge and its tunnels alone, in both families', async (t) => {
  const secret = networkObject('corral', { driver: 'wireguard', subnet6: 'fd42::/48' });
  const plain = networkObject('plain', { subnet: '10.43.0.0/16', vni: 7 });
  const { guarded } = wishOf([secret, plain]);
  t.same(
    guarded.map(({ name }) => name),
    ['corral'],
    'also without a host, a block or a peer',
  );
  const guards = guarded.map((network) => ({ network, devices: ['corral-wg'], passes: { out: ['-m mark'], in: [] } }));
  t.same(textOf({ networks: [], guards, family: 4, hasSets: true }), [
    'mangle CATTLE_OVERLAY_ENTRY -s 10.42.0.0/16 -i corral0 -j RETURN',
    'mangle CATTLE_OVERLAY_ENTRY -s 10.42.0.0/16 -i corral-wg -j RETURN',
    'mangle CATTLE_OVERLAY_ENTRY -s 10.42.0.0/16 -i lo -j RETURN',
    'mangle CATTLE_OVERLAY_ENTRY -s 10.42.0.0/16 -j DROP',
    'mangle CATTLE_OVERLAY_GUARD -d 10.42.0.0/16 -o corral0 -j RETURN',
    'mangle CATTLE_OVERLAY_GUARD -d 10.42.0.0/16 -o corral-wg -j RETURN',
    'mangle CATTLE_OVERLAY_GUARD -d 10.42.0.0/16 -o lo -j RETURN',
    'mangle CATTLE_OVERLAY_GUARD -d 10.42.0.0/16 -m mark -j RETURN',
    'mangle CATTLE_OVERLAY_GUARD -d 10.42.0.0/16 -j DROP',
  ]);
  const six = textOf({ networks: [], guards, family: 6, hasSets: true });
  t.equal(six.length, 9);
  t.equal(six.at(-1), 'mangle CATTLE_OVERLAY_GUARD -d fd42::/48 -j DROP');
});
