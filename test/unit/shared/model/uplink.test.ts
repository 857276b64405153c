import t from 'tap';
import { type Cidr, parseCidr } from '../../../../daemons/shared/model/ip.ts';
import { type UplinkRoute, uplinkMtu } from '../../../../daemons/shared/model/uplink.ts';

const cidr = (text: string): Cidr => parseCidr(text)!;
const links = [
  { index: 2, mtu: 1_500 },
  { index: 3, mtu: 9_000 },
  { index: 1, mtu: 65_536 },
];
const by4: UplinkRoute = { dst: cidr('0.0.0.0/0'), index: 2, metric: 100 };
const by6: UplinkRoute = { dst: cidr('::/0'), index: 3, metric: 1_024 };

t.equal(uplinkMtu([], links, 4), undefined);
t.equal(uplinkMtu([by4, by6], links, 4), 1_500);
t.equal(uplinkMtu([by4, by6], links, 6), 9_000, 'the family of the peers decides, not the metric');
t.equal(uplinkMtu([by6], links, 4), 9_000, 'rather the other family’s than a guess');
t.equal(uplinkMtu([by4], links, 6), 1_500);
t.equal(uplinkMtu([by4, { ...by4, index: 3, metric: 99 }], links, 4), 9_000, 'the lowest metric');
t.equal(uplinkMtu([by4, { dst: cidr('0.0.0.0/0'), index: 3 }], links, 4), 9_000, 'no metric is 0');
const nowhere: UplinkRoute = { dst: cidr('::/0'), index: 1, metric: 1, type: 'unreachable' };
t.equal(uplinkMtu([by6, nowhere], links, 6), 9_000, 'what leads nowhere is no uplink');
t.equal(uplinkMtu([{ ...by4, index: 7 }], links, 4), undefined, 'a device that is gone');
t.equal(uplinkMtu([{ ...by4, dst: cidr('0.0.0.0/1') }], links, 4), undefined);
