import t from 'tap';
import { parseBlockFile, renderBlockFile } from '../../../../cni-plugins/ipam/block-file.ts';
import { block as good } from '../../../fixtures/blocks.ts';

const dual = { cidrs6: ['fd00:7::/64'], gateway6: 'fd00:7::1', subnet6: 'fd00::/16' };

t.test('a block survives reading and writing', async (t) => {
  const block = parseBlockFile(JSON.stringify(good))!;
  t.strictSame(JSON.parse(renderBlockFile(block)), good);
  const kept = { '10.42.7.9': 'web', 'fd00:7::9': 'web' };
  for (const more of [{ cidrs6: ['fd00:7::/64'], gateway6: 'fd00:7::1' }, dual, { blocks: 'none', reserved: kept }]) {
    const both = { ...good, ...more };
    t.strictSame(JSON.parse(renderBlockFile(parseBlockFile(JSON.stringify(both))!)), both);
  }
});

t.test('what contradicts itself is refused', async (t) => {
  const wrong: [string, object][] = [
    ['version', { version: 2 }],
    ['name', { network: '../x' }],
    ['host bits', { cidrs: ['10.42.7.1/24'] }],
    ['outside the network', { cidrs: ['10.43.7.0/24'] }],
    ['larger than the network', { cidrs: ['10.0.0.0/8'] }],
    ['one of two outside', { cidrs: ['10.42.7.0/24', '10.43.0.0/24'] }],
    ['none', { cidrs: [] }],
    ['no list', { cidrs: '10.42.7.0/24' }],
    ['gateway elsewhere', { gateway: '10.42.8.1' }],
    ['bridge', { bridge: 'a/b' }],
    ['mtu', { mtu: 67 }],
    ['mtu as text', { mtu: '1450' }],
    ['another kind of blocks', { blocks: 'some' }],
    ['no addresses', { reserved: { web: '10.42.7.9' } }],
    ['no names', { reserved: { '10.42.7.9': 7 } }],
    ['reserved as a list', { reserved: ['10.42.7.9'] }],
    ['IPv6 gateway alone', { gateway6: 'fd00:7::1' }],
    ['IPv6 without a gateway', { cidrs6: ['fd00:7::/64'] }],
    ['IPv6 gateway elsewhere', { ...dual, gateway6: 'fd00:8::1' }],
    ['IPv6 outside the network', { ...dual, subnet6: 'fd01::/16' }],
    ['IPv4 for IPv6', { cidrs6: ['10.42.7.0/24'], gateway6: '10.42.7.1' }],
    ['IPv6 with host bits', { ...dual, cidrs6: ['fd00:7::1/64'] }],
  ];
  for (const [name, change] of wrong) t.equal(parseBlockFile(JSON.stringify({ ...good, ...change })), undefined, name);
  for (const text of ['', '{', 'null', '[]', '7']) t.equal(parseBlockFile(text), undefined, text);
});
