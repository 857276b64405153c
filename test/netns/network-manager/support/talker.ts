// Asks each 10 ms, always from the same port or over the same connection, and prints each answer that differs from the one
// before, and each end of the connection: `talker.ts udp|tcp ADDRESS PORT`.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const [, , protocol, address, port] = process.argv;
let last = '';
const heard = (text: string): void => {
  if (text !== last) process.stdout.write(`${text}\n`);
  last = text;
};

if (protocol === 'udp') {
  const socket = createSocket(address?.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message) => heard(message.toString()));
  socket.on('error', () => undefined);
  setInterval(() => socket.send('?', Number(port), address), 10);
} else {
  const connection = connect(Number(port), address!);
  connection.on('data', (bytes) => heard(bytes.toString().slice(0, 1)));
  connection.on('error', (error: NodeJS.ErrnoException) => heard(error.code ?? 'ERROR'));
  setInterval(() => connection.writable && connection.write('?'), 10);
}
