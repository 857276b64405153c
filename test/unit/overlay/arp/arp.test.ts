import t from 'tap';
import { ArpLimits, isAnswered, perSecond, perSecondOfAll } from '../../../../daemons/overlay/arp/answers.ts';
import { parseArpRequest, renderArpReply } from '../../../../daemons/overlay/arp/arp-frame.ts';
import { type Ipv4, parseCidr4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import type { Mac } from '../../../../daemons/shared/model/mac.ts';

const asker = '0a:58:0a:2c:00:05' as Mac;
const bridge = '0a:58:0a:2c:00:01' as Mac;
const at = (text: string): Ipv4 => parseIpv4(text)!;

/** Who has 10.44.9.9? Tell 10.44.0.5. */
const good = 'ffffffffffff 0a580a2c0005 0806 0001 0800 06 04 0001 0a580a2c0005 0a2c0005 000000000000 0a2c0909';
const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

t.test('a plain request is read, and its answer has the bytes of RFC 826', async (t) => {
  const request = parseArpRequest(bytes(good));
  t.same(request, { sender: asker, senderIp: at('10.44.0.5'), target: at('10.44.9.9') });
  t.same(parseArpRequest(Buffer.concat([bytes(good), Buffer.alloc(18)])), request, 'filled up to the shortest frame');
  const unicast = bytes(good.replace('ffffffffffff', '0a580a2c0001'));
  t.same(parseArpRequest(unicast), request, 'also to one host alone');
  t.equal(
    renderArpReply(request!, bridge).toString('hex'),
    '0a580a2c0005 0a580a2c0001 0806 0001 0800 06 04 0002 0a580a2c0001 0a2c0909 0a580a2c0005 0a2c0005'.replaceAll(
      ' ',
      '',
    ),
  );
});

t.test('anything else is nothing', async (t) => {
  const cases: [string, string][] = [
    ['an answer', good.replace('04 0001', '04 0002')],
    ['another operation', good.replace('04 0001', '04 0003')],
    ['another hardware', good.replace('0806 0001', '0806 0006')],
    ['another protocol', good.replace('0800 06', '86dd 06')],
    ['other lengths', good.replace('06 04', '08 04')],
    ['other lengths of addresses', good.replace('06 04', '06 10')],
    ['no ARP', good.replace('0806', '0800')],
    ['a tag', good.replace('0806', '81000001 0806')],
    ['two different senders', good.replace('0001 0a580a2c0005', '0001 0a580a2c0006')],
    ['a multicast sender', good.replaceAll('0a580a2c0005', '01005e000001')],
    ['no sender', good.replaceAll('0a580a2c0005', '000000000000')],
  ];
  for (const [what, text] of cases) t.equal(parseArpRequest(bytes(text)), undefined, what);
  for (let length = 0; length < 42; length += 1)
    t.equal(parseArpRequest(bytes(good).subarray(0, length)), undefined, `${length} bytes`);
  t.equal(parseArpRequest(Buffer.concat([bytes(good), Buffer.alloc(1_000)])), undefined, 'far too long');
});

t.test('who is answered', async (t) => {
  const ground = { subnet: parseCidr4('10.44.0.0/16')!, remote: new Set([at('10.44.9.9')]) };
  const asks = (senderIp: string, target: string): boolean =>
    isAnswered({ sender: asker, senderIp: at(senderIp), target: at(target) }, ground);
  t.equal(asks('10.44.0.5', '10.44.9.9'), true);
  t.equal(asks('10.44.0.5', '10.44.9.8'), false, 'nobody’s address');
  t.equal(asks('0.0.0.0', '10.44.9.9'), false, 'who asks whether it is taken');
  t.equal(asks('10.44.9.9', '10.44.9.9'), false, 'who tells his own');
  t.equal(asks('192.0.2.1', '10.44.9.9'), false, 'a stranger');
});

t.test('no more than so many a second, for one and for all', async (t) => {
  const limits = new ArpLimits();
  const count = (asker: (turn: number) => Mac, turns: number, now: number): number =>
    Array.from({ length: turns }, (_, turn) => limits.mayAnswer(asker(turn), now)).filter(Boolean).length;
  t.equal(
    count(() => asker, 1_000, 0),
    perSecond,
  );
  t.equal(limits.mayAnswer(bridge, 0), true, 'others are answered');
  t.equal(
    count(() => asker, 1_000, 1_000),
    perSecond,
    'the next second',
  );
  t.equal(
    count((turn) => String(turn) as Mac, 100_000, 2_000),
    perSecondOfAll,
    'a flood of invented askers',
  );
});
