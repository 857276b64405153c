// Answers every datagram and every connection with the address that it came from: `echo-server.ts ADDRESS PORT…`.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [, , address, ...ports] = process.argv;
const isIpv6 = address?.includes(':') === true;
for (const port of ports.map(Number)) {
  const udp = createSocket({ type: isIpv6 ? 'udp6' : 'udp4', ipv6Only: isIpv6 });
  udp.on('message', (_, from) => udp.send(from.address, from.port, from.address));
  udp.bind(port, address);
  createServer((connection) => {
    connection.on('error', () => undefined);
    connection.end(String(connection.remoteAddress));
  }).listen(port, address, () => process.stdout.write(`${port}\n`));
}
