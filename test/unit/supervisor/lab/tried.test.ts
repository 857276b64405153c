import t from 'tap';
import {
  allReached,
  chooseTried,
  chooseTried6,
  lackingIpv6,
  parseTried,
  trialWords,
} from '../../../../daemons/supervisor/lab/tried.ts';

const container = (name: string, address: string | null, network = 'corral', address6: string | null = null) => ({
  name,
  address,
  address6,
  network,
});
const two = [
  { name: 'h1', containers: [container('a1', '10.42.0.2')] },
  { name: 'h2', containers: [container('a2', '10.42.1.2'), container('later', null)] },
];
const well = (self: string, other: string): string =>
  [
    'ping 198.51.100.1 time=0.5',
    `ping ${self} time=0.01`,
    `ping ${other} time=1.25`,
    `name a1 10.42.0.2 STREAM a1.rancher.internal`,
    'name a2 10.42.1.2 STREAM a2.rancher.internal',
    '',
  ].join('\n');

t.test('a small lab is tried whole, of a large one a container a host', async (t) => {
  t.same(
    chooseTried(two).map(({ host, name }) => `${host}/${name}`),
    ['h1/a1', 'h2/a2'],
  );
  const large = Array.from({ length: 7 }, (_, at) => ({
    name: `h${at}`,
    containers: [container(`a${at}`, `10.42.${at}.2`), container(`b${at}`, `10.42.${at}.3`)],
  }));
  t.equal(chooseTried(large).length, 7);
  t.equal(chooseTried(large.slice(0, 6)).length, 12);
});

t.test('what the containers printed becomes a matrix', async (t) => {
  const chosen = chooseTried(two);
  const all = parseTried(
    chosen,
    new Map([
      ['h1/a1', well('10.42.0.2', '10.42.1.2')],
      ['h2/a2', well('10.42.1.2', '10.42.0.2')],
    ]),
    4,
  );
  t.same(all.pings, [
    [0.01, 1.25],
    [1.25, 0.01],
  ]);
  t.same(all.outside, [0.5, 0.5]);
  t.equal(allReached(all, true), true);
  const broken = parseTried(
    chosen,
    new Map([
      [
        'h1/a1',
        'ping 10.42.0.2 time=0.1\nping 10.42.1.2 \nname a1 10.42.0.2\nname a2 10.42.0.9\nping 198.51.100.1 time=1',
      ],
    ]),
    4,
  );
  t.same(broken.pings, [
    [0.1, null],
    [null, null],
  ]);
  t.same(broken.names, [
    [true, false],
    [false, false],
  ]);
  t.same(broken.outside, [1, null]);
  t.equal(allReached(broken, true), false);
});

t.test('containers of different hosts may have one name', async (t) => {
  const twins = chooseTried([
    { name: 'h1', containers: [container('web', '10.42.0.2')] },
    { name: 'h2', containers: [container('web', '10.42.1.2')] },
  ]);
  const row = (web: string, ms: number): string =>
    `ping 10.42.0.2 time=${ms}\nping 10.42.1.2 time=${ms}\nname web ${web}\nping 198.51.100.1 time=1`;
  const said = new Map([
    ['h1/web', row('10.42.1.2', 1)],
    ['h2/web', row('10.42.1.2', 2)],
  ]);
  const tried = parseTried(twins, said, 4);
  t.same(tried.pings, [
    [1, 1],
    [2, 2],
  ]);
  t.equal(allReached(tried, true), true);
  said.set('h2/web', row('10.42.1.3', 2));
  t.same(parseTried(twins, said, 4).names, [
    [true, true],
    [false, false],
  ]);
});

t.test('hosts that nothing joins are judged each by itself', async (t) => {
  const chosen = chooseTried(two);
  const own = (address: string, name: string): string =>
    `ping ${address} time=0.1\nname ${name} ${address}\nping 198.51.100.1 time=1`;
  const tried = parseTried(
    chosen,
    new Map([
      ['h1/a1', own('10.42.0.2', 'a1')],
      ['h2/a2', own('10.42.1.2', 'a2')],
    ]),
    4,
  );
  t.equal(allReached(tried, false), true);
  t.equal(allReached(tried, true), false);
});

t.test('containers of two networks need not reach each other', async (t) => {
  const chosen = chooseTried([
    { name: 'h1', containers: [container('a1', '10.42.0.2'), container('x1', '10.77.0.2', 'back')] },
  ]);
  const row = (own: string): string =>
    `ping ${own} time=1\nping 198.51.100.1 time=1\nname a1 10.42.0.2\nname x1 10.77.0.2`;
  const said = new Map([
    ['h1/a1', row('10.42.0.2')],
    ['h1/x1', row('10.77.0.2')],
  ]);
  t.equal(allReached(parseTried(chosen, said, 4), true), true);
  said.set('h1/x1', row('10.42.0.2'));
  t.equal(allReached(parseTried(chosen, said, 4), true), false);
});

const dual = [
  { name: 'h1', containers: [container('a1', '10.42.0.2', 'corral', 'fd51::2'), container('x1', '10.77.0.2', 'back')] },
  { name: 'h2', containers: [container('a2', '10.42.1.2', 'corral', 'fd51:0:0:1::2')] },
];
const saidByDual = new Map([
  [
    'h1/a1',
    `ping 2001:db8:51::1 time=0.5
ping fd51::2 time=0.01
ping fd51:0:0:1::2 time=1.25
ping 10.42.1.2 time=9
name a1 10.42.0.2
name a2 10.42.1.2
name6 a1 fd51::2 STREAM a1.rancher.internal
name6 a2 fd51:0:0:1::2 STREAM a2.rancher.internal`,
  ],
  [
    'h2/a2',
    'ping 2001:db8:51::1 \nping fd51::2 time=2\nping fd51:0:0:1::2 time=0.02\nname6 a1 fd51::2\nname6 a2 fd51::9',
  ],
]);

t.test('the families are told apart', async (t) => {
  const six = chooseTried6(dual, true);
  t.same(six, [
    { host: 'h1', name: 'a1', address: 'fd51::2', network: 'corral' },
    { host: 'h2', name: 'a2', address: 'fd51:0:0:1::2', network: 'corral' },
  ]);
  const tried6 = parseTried(six, saidByDual, 6);
  t.same(tried6.pings, [
    [0.01, 1.25],
    [2, 0.02],
  ]);
  t.same(tried6.outside, [0.5, null]);
  t.same(tried6.names, [
    [true, true],
    [true, false],
  ]);
  const four = parseTried(chooseTried(dual), saidByDual, 4);
  t.same(four.pings[0], [null, null, 9]);
  t.same(four.names[0], [true, false, true]);
  t.same(four.outside, [null, null, null], 'an answer of the other family does not count');
});

t.test('each container is told what to try in which family', async (t) => {
  const [four, six] = [chooseTried(dual.slice(1)), chooseTried6(dual.slice(1), true)];
  t.same(trialWords(four, []), ['ping', '198.51.100.1', 'ping', '10.42.1.2', 'name', 'a2']);
  t.equal(
    trialWords(four, six).join(' '),
    'ping 198.51.100.1 ping 2001:db8:51::1 ping 10.42.1.2 ping fd51:0:0:1::2 name a2 name6 a2',
  );
  t.equal(
    trialWords([], [{ ...six[0]!, address: null }]).join(' '),
    'ping 2001:db8:51::1 name6 a2',
    'what has no address is not pinged',
  );
});

t.test('a container without an IPv6 address is a fault where its network has IPv6', async (t) => {
  t.same(lackingIpv6(dual, true), [], 'the network of x1 has none');
  t.same(chooseTried6(two, false), [], 'a lab without');
  t.same(lackingIpv6(two, false), []);
  t.same(lackingIpv6(two, true), ['h1/a1', 'h2/a2', 'h2/later'], 'where all of them lack it');
  const some = [dual[0]!, { name: 'h2', containers: [container('a2', '10.42.1.2')] }];
  t.same(lackingIpv6(some, false), ['h2/a2'], 'a lab of a former version that does not tell');
  const six = chooseTried6(some, false);
  t.same(
    six.map(({ address }) => address),
    ['fd51::2', null],
  );
  const tried6 = parseTried(
    six,
    new Map([['h1/a1', 'ping 2001:db8:51::1 time=1\nping fd51::2 time=1\nname6 a1 fd51::2']]),
    6,
  );
  t.same(tried6.pings[0], [1, null]);
  t.same(tried6.names[0], [true, false]);
  t.equal(allReached(tried6, true), false);
  const large = Array.from({ length: 7 }, (_, at) => ({
    name: `h${at}`,
    containers: [container(`a${at}`, '10.42.0.2', 'corral', `fd51::${at}`), container(`b${at}`, '10.42.0.3')],
  }));
  t.equal(chooseTried6(large, true).length, 7);
  t.equal(lackingIpv6(large, true).length, 7, 'also one that is not tried');
});
