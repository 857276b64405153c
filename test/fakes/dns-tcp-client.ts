// TCP clients of every manner against the DNS daemon; prints how many replies each got as one JSON line.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import dns2 from 'dns2';

const [address = '169.254.169.250'] = process.argv.slice(2);
const { Packet } = dns2;

function question(id: number): Buffer {
  const packet = new Packet();
  packet.header = new Packet.Header({ id, rd: 1 });
  packet.questions.push(new Packet.Question('db-1.rancher.internal', Packet.TYPE.A, Packet.CLASS.IN));
  const message = packet.toBuffer();
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

async function open(): Promise<{ socket: Socket; replies: () => number; closed: Promise<void> }> {
  const socket = connect({ host: address, port: 53, allowHalfOpen: true });
  socket.on('error', () => socket.destroy());
  let bytes = Buffer.alloc(0);
  let count = 0;
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 2 && bytes.length >= 2 + bytes.readUInt16BE(0)) {
      const reply = Packet.parse(bytes.subarray(2, 2 + bytes.readUInt16BE(0)));
      if (reply.answers.length === 1) count += 1;
      bytes = bytes.subarray(2 + bytes.readUInt16BE(0));
    }
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.once('end', () => socket.end());
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, replies: () => count, closed };
}

async function got(one: { replies: () => number }, wanted: number): Promise<number> {
  for (let left = 300; left > 0 && one.replies() < wanted; left -= 1) await sleep(10);
  return one.replies();
}

const begun = performance.now();
const silent = await open();
const silentOver = silent.closed.then(() => performance.now() - begun);

const slow = await open();
for (const byte of question(1)) {
  slow.socket.write(Buffer.of(byte));
  await sleep(2);
}
const bytewise = await got(slow, 1);
slow.socket.end();

const many = await open();
many.socket.write(Buffer.concat(Array.from({ length: 100 }, (_, id) => question(id))));
const pipelined = await got(many, 100);
many.socket.destroy();

const half = await open();
half.socket.end(question(2));
const halfClosed = await got(half, 1);
await half.closed;

const zero = await open();
zero.socket.write(Buffer.of(0, 0));
const zeroLength = await got(zero, 1);
zero.socket.destroy();

const beside = await open();
beside.socket.write(question(3));
const silentBeside = await got(beside, 1);
beside.socket.destroy();

const silentClosedMs = (await silentOver) < 10_000;
process.stdout.write(
  `done ${JSON.stringify({ bytewise, pipelined, halfClosed, silentBeside, zeroLength, silentClosedMs })}\n`,
);
