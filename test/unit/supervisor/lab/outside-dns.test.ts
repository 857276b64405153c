import t from 'tap';
import { answerOutside } from '../../../../daemons/supervisor/lab/outside-dns.ts';

function query(name: string, type: number): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([
    Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...labels,
    Buffer.from([0, 0, type, 0, 1]),
  ]);
}

t.test('one name is known, all others are denied', async (t) => {
  const answer = answerOutside(query('Outside.LAB', 1))!;
  t.equal(answer.readUInt16BE(0), 0x1234);
  t.equal(answer.readUInt16BE(2), 0x8180);
  t.equal(answer.readUInt16BE(6), 1);
  t.same([...answer.subarray(-4)], [198, 51, 100, 1]);
  t.equal(answerOutside(query('outside.lab', 28))!.readUInt16BE(6), 0, 'no other type');
  t.equal(answerOutside(query('example.org', 1))!.readUInt16BE(2) & 0xf, 3);
});

t.test('what is no query gets no answer', async (t) => {
  const good = query('outside.lab', 1);
  for (let length = 0; length < good.length; length += 1) t.equal(answerOutside(good.subarray(0, length)), undefined);
  const response = Buffer.from(good);
  response[2] = 0x81;
  t.equal(answerOutside(response), undefined);
  const far = Buffer.from(good);
  far[12] = 0xc0;
  t.equal(answerOutside(far), undefined, 'no pointers in a question');
});
