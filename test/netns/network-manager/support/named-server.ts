// Answers every datagram, and every line of a connection, with its name: `named-server.ts NAME PORT`, in both families.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [, , name = '', port] = process.argv;
const udp = createSocket('udp6');
udp.on('message', (_, from) => udp.send(name, from.port, from.address));
udp.bind(Number(port), '::');
createServer((connection) => {
  connection.on('error', () => undefined);
  connection.on('data', () => connection.write(name));
}).listen(Number(port), '::', () => process.stdout.write('up\n'));
