import t from 'tap';
import { linkDifference, portDifference } from '../../../../../daemons/shared/effects/netlink/link-difference.ts';
import type { BridgePort, Link } from '../../../../../daemons/shared/effects/netlink/links.ts';
import type { Mac } from '../../../../../daemons/shared/model/mac.ts';

const mac = '0a:58:0a:2a:00:01' as Mac;
const other = '0a:58:0a:2a:00:02' as Mac;
const link: Link = {
  index: 4,
  name: 'a',
  mac,
  mtu: 1500,
  kind: 'veth',
  master: undefined,
  up: false,
  running: false,
  promisc: false,
  alias: undefined,
  group: 0,
  peerIndex: 5,
  peerNetnsId: undefined,
  port: undefined,
  isPortEnabled: false,
  vxlan: undefined,
  ifId: undefined,
};

t.test('only what differs', async (t) => {
  const same = { up: false, mac, mtu: 1500, master: 0, alias: '', promisc: false, group: 0 };
  t.equal(linkDifference(same, link), undefined);
  t.equal(linkDifference({}, link), undefined);
  t.same(linkDifference({ ...same, mtu: 1450, up: true }, link), { mtu: 1450, up: true });
  t.same(linkDifference({ mac: other, alias: 'x', master: 7, group: 9, promisc: true }, link), {
    mac: other,
    alias: 'x',
    master: 7,
    group: 9,
    promisc: true,
  });
  t.same(linkDifference({ master: 0, alias: '' }, { ...link, master: 7, alias: 'old' }), { master: 0, alias: '' });
  t.same(linkDifference({ mac }, { ...link, mac: undefined }), { mac });
});

t.test('flags of a port', async (t) => {
  const port: BridgePort = {
    hairpin: false,
    learning: true,
    locked: false,
    isolated: false,
    neighSuppress: false,
    unicastFlood: true,
    multicastFlood: true,
    broadcastFlood: true,
  };
  t.equal(portDifference({ learning: true, locked: false }, port), undefined);
  t.same(portDifference({ learning: false, locked: false, hairpin: true }, port), { learning: false, hairpin: true });
});
