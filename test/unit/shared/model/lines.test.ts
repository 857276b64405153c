import t from 'tap';
import { LineCutter } from '../../../../daemons/shared/model/lines.ts';

const bytes = (text: string) => Buffer.from(text);

t.test('lines come out whole, wherever the stream was cut', async (t) => {
  const text = 'one\ntwo é 😀\n\nthree\nrest';
  for (let size = 1; size <= 7; size += 1) {
    const cutter = new LineCutter();
    const stream = bytes(text);
    const lines: string[] = [];
    for (let at = 0; at < stream.length; at += size) lines.push(...cutter.push(stream.subarray(at, at + size)));
    t.same(lines, ['one', 'two é 😀', 'three'], `in pieces of ${size}`);
    t.same(cutter.push(bytes('\n')), ['rest']);
  }
});

t.test('an endless line is PROTOCOL, a long stream of lines is not', async (t) => {
  const cutter = new LineCutter(100);
  for (let n = 0; n < 50; n += 1) t.same(cutter.push(bytes(`${'x'.repeat(80)}\n`)).length, 1);
  t.same(cutter.push(bytes('x'.repeat(100))), []);
  t.throws(() => cutter.push(bytes('x')), { code: 'PROTOCOL' });
});

t.test('bytes that are no UTF-8 become replacement characters', async (t) => {
  t.same(new LineCutter().push(Uint8Array.of(0xff, 0x61, 0x0a)), ['\ufffda']);
});
