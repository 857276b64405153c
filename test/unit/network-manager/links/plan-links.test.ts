import t from 'tap';
import { type HaveLinks, planLinks } from '../../../../daemons/network-manager/links/plan-links.ts';
import { wantLinks } from '../../../../daemons/network-manager/links/want-links.ts';
import type { BridgePort } from '../../../../daemons/shared/effects/netlink.ts';
import { parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import { lease } from '../attachments/support.ts';

const port: BridgePort = {
  hairpin: true,
  learning: false,
  locked: true,
  isolated: false,
  neighSuppress: false,
  unicastFlood: true,
  multicastFlood: true,
  broadcastFlood: true,
};
const alias = `corral:corral:${lease().containerId}:eth0`;
const bridge = { index: 2, name: 'corral0', alias: 'corral:corral', master: undefined, port: undefined };
const veth = { index: 7, name: 'vethraaaaaaaaaa', alias, master: 2, port };
const mac = wantLinks([lease()])[0]!.mac;
const whole: HaveLinks = {
  links: [bridge, veth],
  neighbours: [{ index: 2, address: parseIpv4('10.42.0.5')!, mac, permanent: true }],
  fdb: [{ index: 7, mac, kind: 'static' }],
};
const steps = (have: Partial<HaveLinks>) =>
  planLinks(wantLinks([lease()]), { ...whole, ...have }).map((step) => step.do);

t.test('nothing differs', async (t) => {
  t.same(steps({}), []);
});

t.test('each part is healed alone', async (t) => {
  t.same(steps({ neighbours: [] }), ['neighbour']);
  t.same(steps({ neighbours: whole.neighbours.map((one) => ({ ...one, permanent: false })) }), ['neighbour']);
  t.same(steps({ neighbours: whole.neighbours.map((one) => ({ ...one, index: 3 })) }), ['neighbour'], 'another device');
  t.same(steps({ fdb: [] }), ['fdb']);
  t.same(steps({ fdb: [{ index: 7, mac, kind: 'dynamic' }] }), ['fdb']);
  t.same(steps({ links: [bridge, { ...veth, port: { ...port, locked: false } }] }), ['port']);
  t.same(steps({ links: [bridge, { ...veth, port: { ...port, learning: true } }] }), ['port']);
});

t.test('what is not there, not ours or not on its bridge is others’ business', async (t) => {
  const none = { neighbours: [], fdb: [] };
  t.same(steps({ ...none, links: [bridge] }), []);
  t.same(steps({ ...none, links: [veth] }), []);
  t.same(steps({ ...none, links: [bridge, { ...veth, alias: 'somebody' }] }), []);
  t.same(steps({ ...none, links: [bridge, { ...veth, master: undefined }] }), []);
});

t.test('leases without a link of ours', async (t) => {
  t.same(
    wantLinks([lease({ phase: 'reserved' }), lease({ bridge: null }), lease({ hostVeth: null }), lease({ mac: '' })]),
    [],
  );
  const config = { ...lease().config, macspoofchk: false };
  t.same(wantLinks([lease({ config })]), [], 'an unlocked port learns by itself');
  t.same(wantLinks([lease({ config: { nonsense: true, hairpinMode: 'x' } })]), []);
});
