import t from 'tap';
import {
  renderAnnouncement,
  renderProbe,
  senderOf,
  targetOf,
} from '../../../../daemons/network-manager/duplicates/arp-message.ts';
import { type Ipv4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import type { Mac } from '../../../../daemons/shared/model/mac.ts';

const mac = '0a:58:0a:2a:07:02' as Mac;
const ip = parseIpv4('10.42.7.2') as Ipv4;

t.test('an announcement says who has the address', async (t) => {
  const message = renderAnnouncement({ mac, ip });
  t.equal(
    Buffer.from(message).toString('hex'),
    '0001080006040001' + '0a580a2a0702' + '0a2a0702' + '000000000000' + '0a2a0702',
  );
  t.same(senderOf(message), { mac, ip });
  t.same(senderOf(Buffer.concat([message, Buffer.alloc(18)])), { mac, ip }, 'with the padding of a short frame');
});

t.test('a probe claims nothing', async (t) => {
  const message = renderProbe(mac, ip);
  t.equal(senderOf(message), undefined);
  t.equal(Buffer.from(message).toString('hex', 14), '00000000' + '000000000000' + '0a2a0702');
});

t.test('what is no ARP for IPv4 over Ethernet', async (t) => {
  t.equal(senderOf(Buffer.alloc(0)), undefined);
  t.equal(senderOf(renderAnnouncement({ mac, ip }).subarray(0, 27)), undefined);
  t.equal(senderOf(Buffer.alloc(64, 0xff)), undefined);
});

t.test('whose address a question is about', async (t) => {
  const question = Buffer.from(renderAnnouncement({ mac, ip }));
  t.equal(targetOf(question), undefined, 'an announcement asks for nobody else');
  question.set([10, 42, 7, 9], 24);
  t.equal(targetOf(question), parseIpv4('10.42.7.9'));
  question[7] = 2;
  t.equal(targetOf(question), undefined, 'an answer');
});
