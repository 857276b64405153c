// Many different questions at once: `node dns-burst.ts ADDRESS COUNT SUFFIX SECONDS`. Prints how many replies came with each code,
// and how many of them were cut, as one JSON line.
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';

const [address = '', count = '100', suffix = '.up.test', seconds = '4'] = process.argv.slice(2);
const codes: Record<string, number> = {};
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
socket.on('error', () => undefined);
socket.on('message', (reply) => {
  const cut = (reply[2]! & 2) !== 0 ? 'cut' : String(reply[3]! & 15);
  codes[cut] = (codes[cut] ?? 0) + 1;
});
for (let id = 0; id < Number(count); id += 1) {
  const labels = `x${id}${suffix}`.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  const header = Buffer.from([(id >> 8) & 255, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  socket.send(Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]), 53, address, () => undefined);
  if (id % 50 === 49) await sleep(1);
}
await sleep(Number(seconds) * 1_000);
process.stdout.write(`done ${JSON.stringify(codes)}\n`);
socket.close();
