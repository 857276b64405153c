// Sends malformed messages: `node dns-abuser.ts ADDRESS COUNT SEED`, over UDP, and over TCP with lengths that lie. Prints
// `done` when all are sent.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { malformed, random } from './dns-malformed.ts';

const [address = '', count = '1000', seed = '1'] = process.argv.slice(2);
const pick = random(Number(seed));
const perTurn = 100;

const socket = createSocket('udp4');
socket.on('error', () => undefined);
for (let sent = 0; sent < Number(count); sent += perTurn) {
  for (let at = 0; at < perTurn; at += 1) {
    const bytes = malformed(pick);
    if (bytes.length > 0) socket.send(bytes, 53, address, () => undefined);
  }
  if (sent % 2_000 === 0) lieOverTcp();
  await sleep(8);
}
socket.close();
process.stdout.write('done\n');

function lieOverTcp(): void {
  const message = malformed(pick);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(pick(0x10000));
  const liar = connect({ host: address, port: 53 });
  liar.on('error', () => liar.destroy());
  liar.setTimeout(1_000, () => liar.destroy());
  liar.end(Buffer.concat([length, message]));
}
