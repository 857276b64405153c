// Holds TCP connections open: `node dns-crowd.ts ADDRESS COUNT SOURCE...`, COUNT from each source address. Prints one JSON line:
// how many stay open, and how many the server closed.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [address = '', count = '1', ...sources] = process.argv.slice(2);
const open = new Set<Socket>();
let closed = 0;
for (const localAddress of sources) {
  for (let at = 0; at < Number(count); at += 1) {
    const socket = connect({ host: address, port: 53, localAddress });
    socket.on('connect', () => open.add(socket));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      closed += 1;
    });
  }
  await sleep(20);
}
for (let left = 200; left > 0 && open.size + closed < sources.length * Number(count); left -= 1) await sleep(10);
await sleep(300);
process.stdout.write(`done ${JSON.stringify({ open: open.size, closed })}\n`);
process.stdin.resume();
