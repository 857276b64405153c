// Many different questions from one socket, fifty every ten milliseconds: `node dns-flood.ts ADDRESS COUNT`. Prints how many
// replies had which code, and how long it all took, as one JSON line.
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';

const [address = '169.254.169.250', count = '100'] = process.argv.slice(2);
const socket = createSocket('udp4');
const rcodes: Record<number, number> = {};
const begun = performance.now();
let left = Number(count);

function done(): void {
  process.stdout.write(
    `done ${JSON.stringify({ rcodes, missing: left, worstMs: Math.round(performance.now() - begun) })}\n`,
  );
  socket.close();
}

socket.on('message', (reply) => {
  const code = (reply[3] ?? 0) & 15;
  rcodes[code] = (rcodes[code] ?? 0) + 1;
  left -= 1;
  if (left === 0) done();
});

for (let id = 0; id < Number(count); id += 1) {
  const label = Buffer.from(`flood${id}`);
  const name = Buffer.concat([Buffer.of(label.length), label, Buffer.from('\x02up\x04test\x00')]);
  const message = Buffer.concat([Buffer.alloc(12), name, Buffer.of(0, 1, 0, 1)]);
  message.writeUInt16BE(id, 0);
  message[2] = 1;
  message[5] = 1;
  socket.send(message, 53, address);
  if (id % 50 === 49) await sleep(10);
}
