// A client that asks steadily and keeps count: `node dns-asker.ts ADDRESS PER-SECOND SECONDS NAMES SUFFIX`. Names are
// `c<n><SUFFIX>`, n below NAMES, A and AAAA in turn. Prints one JSON line at the end. A reply counts if id and question are
// those that were sent, the code is NOERROR, and an A question is answered with an address.
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';

const [address = '', rate = '200', seconds = '5', names = '10', suffix = '.rancher.internal'] = process.argv.slice(2);
const waitMs = 2_000;
const total = Math.round(Number(rate) * Number(seconds));

interface Asked {
  readonly at: number;
  readonly question: Buffer;
  readonly type: number;
}

const waiting = new Map<number, Asked>();
const times: number[] = [];
const answeredAt: number[] = [];
/** How late our own timers were: the machine's part of every delay that is measured here. */
const lateBy: number[] = [];
let wrong = 0;
let refusedToSend = 0;

function question(id: number, name: string, type: number): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  const header = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, type, 0, 1])]);
}

const socket = createSocket('udp4');
socket.on('error', () => (refusedToSend += 1));
socket.on('message', (reply) => {
  const asked = waiting.get(reply.readUInt16BE(0));
  if (!asked) return;
  waiting.delete(reply.readUInt16BE(0));
  const now = performance.now();
  const sameQuestion = reply.subarray(12, asked.question.length).equals(asked.question.subarray(12));
  const sound = (reply[2]! & 0x80) !== 0 && (reply[3]! & 15) === 0 && sameQuestion;
  if (!sound || (asked.type === 1) !== reply.readUInt16BE(6) > 0) wrong += 1;
  times.push(now - asked.at);
  answeredAt.push(now);
});

process.stdout.write('asking\n');
const begun = performance.now();
for (let sent = 0; sent < total; sent += 1) {
  const due = begun + (sent * 1_000) / Number(rate);
  if (due > performance.now()) {
    await sleep(due - performance.now());
    lateBy.push(performance.now() - due);
  }
  const type = sent % 2 === 0 ? 1 : 28;
  const bytes = question(sent & 0xffff, `c${sent % Number(names)}${suffix}`, type);
  waiting.set(sent & 0xffff, { at: performance.now(), question: bytes, type });
  socket.send(bytes, 53, address, (error) => {
    if (error) refusedToSend += 1;
  });
}
const end = performance.now();
while (waiting.size > 0 && performance.now() < end + waitMs) await sleep(10);
times.sort((a, b) => a - b);
lateBy.sort((a, b) => a - b);
const gaps = answeredAt.map((at, index) => at - (answeredAt[index - 1] ?? begun));
const result = {
  asked: total,
  answered: times.length,
  wrong,
  refusedToSend,
  p50: times[Math.floor(times.length * 0.5)],
  p99: times[Math.floor(times.length * 0.99)],
  lateP99: lateBy[Math.floor(lateBy.length * 0.99)] ?? 0,
  longestGapMs: Math.max(0, ...gaps),
};
process.stdout.write(`done ${JSON.stringify(result)}\n`);
socket.close();
