// Answers every datagram, and every line of a connection, with its name: `named-server.ts NAME PORT`.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [, , name = '', port] = process.argv;
const udp = createSocket('udp4');
udp.on('message', (_, from) => udp.send(name, from.port, from.address));
udp.bind(Number(port), '0.0.0.0');
createServer((connection) => {
  connection.on('error', () => undefined);
  connection.on('data', () => connection.write(name));
}).listen(Number(port), '0.0.0.0', () => process.stdout.write('up\n'));
