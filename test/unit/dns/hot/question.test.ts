import t from 'tap';
import { guardQuery } from '../../../../daemons/dns/guard.ts';
import {
  isSameQuestion,
  keyOfQuestion,
  newHotQuestion,
  readHotQuestion,
  variantBit,
} from '../../../../daemons/dns/hot/question.ts';
import { queryBytes } from '../support/packets.ts';

const seed = 12_345;

function read(message: Uint8Array) {
  const words = new Int32Array(1_200).fill(-1);
  const bytes = new Uint8Array(words.buffer);
  bytes.set(message, 8);
  const into = newHotQuestion();
  return readHotQuestion({ bytes, words }, 8, message.length, seed, into) ? into : undefined;
}

function keyOf(message: Uint8Array, secret = seed) {
  return keyOfQuestion(message.subarray(12, read(message)!.end), secret);
}

t.test('the letter case changes neither hash nor equality, everything else does', async (t) => {
  const plain = queryBytes('web.stack.rancher.internal');
  const mixed = queryBytes('wEb.Stack.RANCHER.internal', { id: 7 });
  const key = keyOf(plain);
  t.equal(read(mixed)!.hash, read(plain)!.hash);
  t.ok(isSameQuestion(read(mixed)!, key));
  t.same(keyOf(mixed), key);
  t.equal(key.hash, read(plain)!.hash);
  t.not(keyOf(plain, seed + 1).hash, key.hash, 'strangers cannot know it');
  for (const other of [
    queryBytes('wec.stack.rancher.internal'),
    queryBytes('web.stack.rancher.interna'),
    queryBytes('web.stack.rancher.internal', { type: 28 }),
    queryBytes('web.stack.rancher.internal', { class: 3 }),
    queryBytes('webs.tack.rancher.internal'),
  ]) {
    t.notOk(isSameQuestion(read(other)!, key));
    t.not(read(other)!.hash, key.hash);
  }
  const [a, b] = [queryBytes('a.z', { type: 65 }), queryBytes('a.z', { type: 97 })];
  t.notOk(isSameQuestion(read(b)!, keyOf(a)), 'types have no letter case');
});

t.test('A to Z are folded, and no other byte, wherever it stands in a word', async (t) => {
  for (let byte = 0; byte < 256; byte += 1) {
    for (const place of [13, 14, 15, 16, 17, 18]) {
      const plain = queryBytes('abcdef.z');
      const other = Buffer.from(plain);
      other[place] = byte;
      const folded = byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
      const same = isSameQuestion(read(other)!, keyOf(plain));
      if (same !== (folded === plain[place])) t.fail(`byte ${byte} at ${place}`);
    }
  }
});

t.test('a byte beyond ASCII is no letter, though its lower bits are those of one', async (t) => {
  const [upper, lower] = [queryBytes('abcdef.z'), queryBytes('abcdef.z')];
  for (const place of [13, 14, 15, 16]) {
    upper[place] = 0xc1;
    lower[place] = 0xe1;
  }
  t.notOk(isSameQuestion(read(upper)!, keyOf(lower)));
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
  t.same({ ...read(full), end: 0 }, { ...read(bytes), end: 0 });
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
