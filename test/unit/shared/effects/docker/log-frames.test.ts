import t from 'tap';
import { textOfFrames } from '../../../../../daemons/shared/effects/docker/log-frames.ts';

function frame(output: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = output;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

t.test('both outputs in the order in which they were written', async (t) => {
  t.equal(textOfFrames(Buffer.concat([frame(1, 'one\n'), frame(2, 'twö\n')])), 'one\ntwö\n');
});

t.test('what is cut off counts as far as it goes', async (t) => {
  t.equal(textOfFrames(frame(1, 'whole').subarray(0, 11)), 'who');
  t.equal(textOfFrames(Buffer.concat([frame(1, 'a'), frame(1, 'b').subarray(0, 5)])), 'a');
  t.equal(textOfFrames(Buffer.alloc(0)), '');
});
