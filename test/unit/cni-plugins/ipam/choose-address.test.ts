import t from 'tap';
import {
  type AddressAnswer,
  type AddressQuestion,
  assignRequested,
  chooseAddress,
} from '../../../../cni-plugins/ipam/choose-address.ts';
import { poolOfBlock, type RangeSet } from '../../../../cni-plugins/ipam/pool.ts';
import { type Ip, parseCidr, parseIp, renderInterface, renderIp } from '../../../../daemons/shared/model/ip.ts';
import { parseCidr4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';

const ip = (text: string): Ip => parseIp(text)!;

interface Row {
  cidrs?: string[];
  gateway?: string;
  taken?: string[];
  last?: string;
  requested?: string;
  preferred?: string;
}

function ask(row: Row): string {
  const { sets } = poolOfBlock({
    network: 'corral',
    subnet: parseCidr4('10.42.0.0/16')!,
    cidrs: (row.cidrs ?? ['10.42.7.0/29']).map((text) => parseCidr4(text)!),
    gateway: parseIpv4(row.gateway ?? '10.42.7.1')!,
    bridge: 'corral0',
    mtu: 1500,
  });
  return answerTo(sets[0]!, row);
}

function answerTo(set: RangeSet, row: Row): string {
  const question: AddressQuestion = {
    set,
    taken: new Set((row.taken ?? []).map(ip)),
    last: row.last === undefined ? undefined : ip(row.last),
    requested: row.requested === undefined ? undefined : ip(row.requested),
    preferred: row.preferred === undefined ? [] : [ip(row.preferred)],
  };
  const answer: AddressAnswer = chooseAddress(question);
  return 'refused' in answer ? answer.refused : renderInterface(answer);
}

const all = ['10.42.7.2', '10.42.7.3', '10.42.7.4', '10.42.7.5', '10.42.7.6'];

t.test('which address is given', async (t) => {
  const rows: [string, Row, string][] = [
    ['the first after the gateway', {}, '10.42.7.2/29'],
    ['the one after the last', { last: '10.42.7.3' }, '10.42.7.4/29'],
    ['round the end, past broadcast, network and gateway', { last: '10.42.7.6' }, '10.42.7.2/29'],
    ['past those that are taken', { last: '10.42.7.3', taken: ['10.42.7.4', '10.42.7.5'] }, '10.42.7.6/29'],
    ['the very last that is left', { last: '10.42.7.4', taken: all.slice(1) }, '10.42.7.2/29'],
    ['none', { taken: all }, 'exhausted'],
    ['a last one of another block starts anew', { last: '10.42.9.9' }, '10.42.7.2/29'],
    ['a gateway in the middle is left out', { gateway: '10.42.7.2', last: '10.42.7.1' }, '10.42.7.3/29'],
    [
      'a second part, whose gateway is on-link',
      { cidrs: ['10.42.7.0/30', '10.42.8.0/30'], taken: ['10.42.7.2'] },
      '10.42.8.1/32',
    ],
    ['/31 has two', { cidrs: ['10.42.7.0/31'], gateway: '10.42.7.0' }, '10.42.7.1/31'],
    ['/32 has only the gateway', { cidrs: ['10.42.7.1/32'] }, 'exhausted'],
    ['the preferred one', { preferred: '10.42.7.5', last: '10.42.7.2' }, '10.42.7.5/29'],
    ['another, if the preferred one is taken', { preferred: '10.42.7.5', taken: ['10.42.7.5'] }, '10.42.7.2/29'],
    ['another, if the preferred one left the block', { preferred: '10.42.9.5' }, '10.42.7.2/29'],
    ['another, if the preferred one is the gateway now', { preferred: '10.42.7.1' }, '10.42.7.2/29'],
    ['the requested one', { requested: '10.42.7.5', last: '10.42.7.2' }, '10.42.7.5/29'],
    ['the requested one outside the block', { requested: '10.42.200.5' }, '10.42.200.5/32'],
    ['the base of another host’s block is an address as others', { requested: '10.42.200.0' }, '10.42.200.0/32'],
    ['requested and taken', { requested: '10.42.7.5', taken: ['10.42.7.5'] }, 'taken'],
    ['requested: gateway', { requested: '10.42.7.1' }, 'reserved'],
    ['requested: network', { requested: '10.42.7.0' }, 'reserved'],
    ['requested: broadcast', { requested: '10.42.7.7' }, 'reserved'],
    ['requested: base of the whole network', { requested: '10.42.0.0' }, 'reserved'],
    ['requested: end of the whole network', { requested: '10.42.255.255' }, 'reserved'],
    ['requested: another network', { requested: '10.43.0.5' }, 'outside'],
  ];
  for (const [name, row, want] of rows) t.equal(ask(row), want, name);
});

t.test('a whole block is given, each address once', async (t) => {
  const taken: string[] = [];
  for (let last: string | undefined; taken.length < 300; ) {
    const got = ask({ cidrs: ['10.42.7.0/24'], taken, ...(last && { last }) });
    if (got === 'exhausted') break;
    last = got.replace('/24', '');
    taken.push(last);
  }
  t.equal(taken.length, 253);
  t.equal(new Set(taken).size, 253);
});

function sixes(text: string, first: string, last: string): RangeSet {
  const subnet = parseCidr(text)!;
  const range = { subnet, first: ip(first), last: ip(last), prefix: subnet.prefix, gateway: ip('fd00::1') };
  return { ranges: [range] };
}

t.test('IPv6: a range without end, and a small one', async (t) => {
  const wide = sixes('fd00::/64', 'fd00::', 'fd00::ffff:ffff:ffff:ffff');
  t.equal(answerTo(wide, {}), 'fd00::2/64', 'past the routers’ anycast address and the gateway');
  t.equal(answerTo(wide, { last: 'fd00::ffff' }), 'fd00::1:0/64');
  t.equal(answerTo(wide, { last: 'fd00::ffff:ffff:ffff:ffff' }), 'fd00::2/64', 'round its end');
  t.equal(answerTo(wide, { requested: 'fd00::' }), 'reserved');
  t.equal(answerTo(wide, { requested: 'fd00::ffff:ffff:ffff:ffff' }), 'fd00::ffff:ffff:ffff:ffff/64');
  t.equal(answerTo(wide, { requested: '10.42.7.3' }), 'outside');
  const small = sixes('fd00::/64', 'fd00::5', 'fd00::6');
  t.equal(answerTo(small, { taken: ['fd00::5'] }), 'fd00::6/64');
  t.equal(answerTo(small, { taken: ['fd00::5', 'fd00::6'] }), 'exhausted');
  t.equal(answerTo(small, { requested: 'fd00::7' }), 'outside', 'a range ends where it says');
});

t.test('each address asked for goes to a set of its own', async (t) => {
  const sets = [sixes('fd00::/64', 'fd00::', 'fd00::ff'), sixes('fd00::/64', 'fd00::100', 'fd00::1ff')];
  const assign = (...texts: string[]): string => {
    const answer = assignRequested(sets, texts.map(ip));
    return Array.isArray(answer) ? answer.map((one) => (one === undefined ? '-' : renderIp(one))).join() : 'outside';
  };
  t.equal(assign(), '-,-');
  t.equal(assign('fd00::105'), '-,fd00::105');
  t.equal(assign('fd00::105', 'fd00::5'), 'fd00::5,fd00::105');
  t.equal(assign('fd00::5', 'fd00::6'), 'outside', 'a set gives one');
});
