import t from 'tap';
import { parseRanges } from '../../../../cni-plugins/ipam/parse-ranges.ts';
import { renderCidr, renderIp } from '../../../../daemons/shared/model/ip.ts';
import { cniCodeOf } from '../cni-code-of.ts';

const show = (config: object): string[][] =>
  parseRanges({ ...config }).map(({ ranges }) =>
    ranges.map(
      (one) => `${renderCidr(one.subnet)} ${renderIp(one.first)}-${renderIp(one.last)} ${renderIp(one.gateway!)}`,
    ),
  );

t.test('where ranges stand, and their defaults', async (t) => {
  t.same(show({}), []);
  t.same(show({ ipam: { type: 'corral-ipam', subnet: '', ranges: [] }, runtimeConfig: {} }), []);
  t.same(show({ ipam: { subnet: '10.9.0.0/24' } }), [['10.9.0.0/24 10.9.0.1-10.9.0.254 10.9.0.1']]);
  t.same(show({ ipam: { subnet: 'fd09::/64' } }), [['fd09::/64 fd09::1-fd09::ffff:ffff:ffff:ffff fd09::1']]);
  const full = { subnet: '10.9.0.0/24', rangeStart: '10.9.0.10', rangeEnd: '10.9.0.20', gateway: '10.9.0.254' };
  t.same(show({ ipam: { ...full, gateway: '' } }), [['10.9.0.0/24 10.9.0.10-10.9.0.20 10.9.0.1']]);
  t.same(
    show({
      ipam: { ...full, ranges: [[{ subnet: 'fd09::/64' }, { subnet: 'fd0a::/64' }]] },
      runtimeConfig: { ipRanges: [[{ subnet: '10.10.0.0/30' }]] },
    }),
    [
      ['10.9.0.0/24 10.9.0.10-10.9.0.20 10.9.0.254'],
      ['fd09::/64 fd09::1-fd09::ffff:ffff:ffff:ffff fd09::1', 'fd0a::/64 fd0a::1-fd0a::ffff:ffff:ffff:ffff fd0a::1'],
      ['10.10.0.0/30 10.10.0.1-10.10.0.2 10.10.0.1'],
    ],
    'all of them, the plain one first',
  );
});

t.test('two ranges of one subnet that do not meet', async (t) => {
  const part = (rangeStart: string, rangeEnd: string): object => ({ subnet: '10.9.0.0/24', rangeStart, rangeEnd });
  const [low, high] = [part('10.9.0.1', '10.9.0.9'), part('10.9.0.10', '10.9.0.19')];
  t.equal(show({ ipam: { ranges: [[low, high]] } })[0]?.length, 2);
  t.equal(
    cniCodeOf(() => show({ ipam: { ranges: [[low, part('10.9.0.9', '10.9.0.19')]] } })),
    7,
  );
});

t.test('what is refused', async (t) => {
  const rows: object[] = [
    { subnet: '10.9.0.1/24' },
    { subnet: '10.9.0.0' },
    { subnet: 7 },
    { subnet: '10.9.0.0/31' },
    { subnet: 'fd09::/127' },
    { subnet: '10.9.0.0/24', rangeStart: '10.8.0.1' },
    { subnet: '10.9.0.0/24', rangeEnd: 'fd09::1' },
    { subnet: '10.9.0.0/24', rangeStart: '10.9.0.9', rangeEnd: '10.9.0.8' },
    { subnet: '10.9.0.0/24', gateway: '10.9.1.1' },
    { subnet: '10.9.0.0/24', gateway: 7 },
    { ranges: {} },
    { ranges: [7] },
    { ranges: [[]] },
    { ranges: [[7]] },
    { ranges: [[{}]] },
    { ranges: [[{ subnet: '10.9.0.0/24' }, { subnet: 'fd09::/64' }]] },
    { ranges: new Array(65).fill([{ subnet: '10.9.0.0/24' }]) },
  ];
  for (const ipam of rows)
    t.equal(
      cniCodeOf(() => show({ ipam })),
      7,
      JSON.stringify(ipam).slice(0, 80),
    );
});
