// A resolver that asks the DNS daemon for everything, as a local resolver does that was pointed at it: `node dns-mirror.ts
// PORT ADDRESS` listens on 127.0.0.1 and passes questions on to port 53 of the address.
import { createSocket } from 'node:dgram';

const [port = '5300', address = '169.254.169.250'] = process.argv.slice(2);
const front = createSocket('udp4');
front.on('message', (question, from) => {
  process.stdout.write(`${nameIn(question)}\n`);
  const back = createSocket('udp4');
  const give = setTimeout(() => back.close(), 5_000);
  back.on('message', (reply) => {
    clearTimeout(give);
    front.send(reply, from.port, from.address);
    back.close();
  });
  back.send(question, 53, address);
});
front.bind(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));

function nameIn(message: Buffer): string {
  const labels: string[] = [];
  for (let at = 12, length = message[12] ?? 0; length > 0; at += length + 1, length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
  }
  return labels.join('.');
}
