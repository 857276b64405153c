import t from 'tap';
import { guardQuery } from '../../../../daemons/dns/guard.ts';
import {
  hashOfKey,
  newHotQuestion,
  questionKey,
  readHotQuestion,
  sameQuestion,
  variantBit,
} from '../../../../daemons/dns/hot/question.ts';
import { queryBytes } from '../support/packets.ts';

const seed = 12_345;

function read(bytes: Uint8Array, start = 0, length = bytes.length - start) {
  const into = newHotQuestion();
  return readHotQuestion(bytes, start, length, seed, into) ? { ...into } : undefined;
}

t.test('the letter case changes neither hash nor equality, everything else does', async (t) => {
  const plain = queryBytes('web.stack.rancher.internal');
  const mixed = queryBytes('wEb.Stack.RANCHER.internal', { id: 7 });
  const key = questionKey(plain, 0, read(plain)!.end);
  t.equal(read(mixed)!.hash, read(plain)!.hash);
  t.ok(sameQuestion(mixed, 0, read(mixed)!.end, key));
  t.equal(hashOfKey(key, seed), read(plain)!.hash);
  t.not(hashOfKey(key, seed + 1), read(plain)!.hash, 'strangers cannot know it');
  for (const other of [
    queryBytes('wec.stack.rancher.internal'),
    queryBytes('web.stack.rancher.internal', { type: 28 }),
    queryBytes('web.stack.rancher.internal', { class: 3 }),
    queryBytes('webs.tack.rancher.internal'),
  ]) {
    t.notOk(sameQuestion(other, 0, read(other)!.end, key));
    t.not(read(other)!.hash, read(plain)!.hash);
  }
});

t.test('bytes beside letters are not folded: @ and [ stand next to them in the table', async (t) => {
  const [a, b] = [queryBytes('a@[`.z'), queryBytes('a@[`.Z')];
  const key = questionKey(a, 0, read(a)!.end);
  t.ok(sameQuestion(b, 0, read(b)!.end, key));
  t.notOk(sameQuestion(queryBytes('a`[`.z'), 0, read(a)!.end, key));
});

t.test('variants tell apart what is answered differently', async (t) => {
  const of = (wish: Parameters<typeof queryBytes>[1]) => read(queryBytes('a.b', wish));
  t.match(of({ rd: 1 }), { variant: variantBit.rd, limit: 512 });
  t.match(of({ rd: 0 }), { variant: 0, limit: 512 });
  t.match(of({ rd: 0, edns: 100 }), { variant: variantBit.edns, limit: 512 });
  t.match(of({ rd: 0, edns: 900 }), { variant: variantBit.edns, limit: 900 });
  t.match(of({ rd: 0, edns: 1232 }), { variant: variantBit.edns | variantBit.large, limit: 1232 });
  t.match(of({ rd: 0, edns: 65_535 }), { variant: variantBit.edns | variantBit.large, limit: 1232 });
});

t.test('options are stepped over: a cookie and padding still hit', async (t) => {
  const bytes = queryBytes('a.b', { edns: 1232 });
  const options = Buffer.from([0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 12, 0, 5, 0, 0, 0, 0, 0]);
  const full = Buffer.concat([bytes, options]);
  full.writeUInt16BE(options.length, bytes.length - 2);
  t.same(read(full), read(bytes));
  full.writeUInt16BE(6, bytes.length + 2);
  t.equal(read(full), undefined, 'an option that does not fit goes the ordinary way');
});

t.test('whatever it takes, the guard takes with the same question', async (t) => {
  let accepted = 0;
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = queryBytes('web.stack.rancher.internal', round % 2 ? { edns: 1232 } : {});
    for (let left = random(4); left > 0; left -= 1) bytes[random(bytes.length)] = random(256);
    const message = random(5) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    const hot = read(message);
    if (!hot) continue;
    accepted += 1;
    const shape = guardQuery(message);
    if (shape.verdict !== 'sound' || shape.questionEnd !== hot.end) {
      t.fail(`${message.toString('hex')} is taken`);
      break;
    }
  }
  t.ok(accepted > 2_000, `${accepted} accepted`);
});
