// Opens a connection each 20 ms, each at most 200 ms long, and prints a line for each that was answered: `knock.ts ADDRESS PORT`.
import { connect } from 'node:net';

const [, , address, port] = process.argv;

setInterval(() => {
  const socket = connect(Number(port), address!);
  const timer = setTimeout(() => socket.destroy(), 200);
  socket.on('data', () => process.stdout.write('.\n'));
  socket.on('error', () => undefined);
  socket.on('close', () => clearTimeout(timer));
}, 20);
