import t from 'tap';
import { type Cidr4, parseCidr4, renderCidr4 } from '../../../../daemons/shared/model/ipv4.ts';
import { findOverlap, type HostRoute, proposeSubnet } from '../../../../daemons/shared/model/overlaps.ts';

const cidr = (text: string): Cidr4 => parseCidr4(text)!;
const route = (dst: string, device: string | null = 'eth0', own = false): HostRoute => ({
  dst: cidr(dst),
  device,
  own,
});
const own = new Set(['corral0']);

t.test('routes that share addresses with a subnet', async (t) => {
  const cases: [string, HostRoute[], string | undefined][] = [
    ['no routes', [], undefined],
    ['the default route', [route('0.0.0.0/0')], undefined],
    ['a VPN in two halves', [route('0.0.0.0/1', 'tun0'), route('128.0.0.0/1', 'tun0')], undefined],
    ['a neighbour range', [route('10.41.0.0/16'), route('10.43.0.0/16')], undefined],
    ['the same range', [route('10.42.0.0/16', 'cni0')], '10.42.0.0/16'],
    ['a part of it', [route('10.42.7.0/24', 'cni0')], '10.42.7.0/24'],
    ['a wider one', [route('10.0.0.0/8')], '10.0.0.0/8'],
    ['the most specific of several', [route('10.0.0.0/8'), route('10.42.1.1/32')], '10.42.1.1/32'],
    ['through our bridge', [route('10.42.1.0/24', 'corral0')], undefined],
    ['made by us', [route('10.42.0.0/16', null, true)], undefined],
    ['a foreign unreachable', [route('10.42.0.0/16', null)], '10.42.0.0/16'],
  ];
  for (const [name, routes, want] of cases) {
    const found = findOverlap(cidr('10.42.0.0/16'), routes, own);
    t.equal(found && renderCidr4(found.dst), want, name);
  }
});

t.test('a free range to propose', async (t) => {
  const propose = (prefix: number, ...taken: string[]): string | undefined => {
    const found = proposeSubnet(taken.map(cidr), prefix);
    return found && renderCidr4(found);
  };
  t.equal(propose(16), '10.44.0.0/16', 'neither k3s default');
  t.equal(propose(16, '0.0.0.0/0'), '10.44.0.0/16', 'the default route takes nothing');
  t.equal(propose(16, '10.44.0.0/14'), '10.48.0.0/16', 'past a wider obstacle');
  t.equal(propose(16, '10.44.9.0/24'), '10.45.0.0/16', 'past a smaller obstacle');
  t.equal(propose(16, '10.0.0.0/8'), '172.16.0.0/16', 'the next private range');
  t.equal(propose(16, '10.0.0.0/8', '172.16.0.0/12'), '192.168.0.0/16', 'a default of others before none');
  t.equal(propose(16, '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'), undefined, 'all taken');
  t.equal(propose(24, '10.0.0.0/8', '172.16.0.0/12'), '192.168.0.0/24');
  t.equal(propose(30), '10.44.0.0/30', 'a small one');
  t.equal(propose(12), '10.48.0.0/12', 'a large one on its own boundary');
  t.equal(
    propose(
      16,
      '10.42.0.0/15',
      '10.44.0.0/14',
      '10.48.0.0/12',
      '10.64.0.0/10',
      '10.128.0.0/9',
      '172.16.0.0/12',
      '192.168.0.0/16',
    ),
    '10.0.0.0/16',
    'below the usual start if need be',
  );
  t.equal(propose(8), '10.0.0.0/8', 'what others use by default, if nothing else is that large');
  t.equal(propose(4), undefined, 'no private range is that large');
});
