// Connections with messages to and fro. `serve PORT` sends back what comes; `call ADDRESS PORT COUNT` holds COUNT connections,
// sends on each every 20 ms, and on SIGTERM tells how many broke and how many messages came back.
import { connect, createServer } from 'node:net';

const [mode, ...words] = process.argv.slice(2);
console.log(`pid ${process.pid}`);

function serve(port: number): void {
  process.on('SIGTERM', () => process.exit(0));
  createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  }).listen(port, () => console.log('ready'));
}

function call(address: string, port: number, count: number): void {
  let [standing, broken, exchanged] = [0, 0, 0];
  for (let at = 0; at < count; at += 1) {
    const socket = connect(port, address);
    socket.setNoDelay(true);
    socket.on('connect', () => {
      standing += 1;
      if (standing === count) console.log('ready');
    });
    socket.on('data', (bytes) => {
      exchanged += bytes.length;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      broken += 1;
    });
    setInterval(() => {
      if (!socket.destroyed) socket.write('x');
    }, 20);
  }
  process.on('SIGTERM', () => {
    console.log(JSON.stringify({ broken, exchanged }));
    process.exit(0);
  });
}

if (mode === 'serve') serve(Number(words[0]));
else call(words[0] ?? '', Number(words[1]), Number(words[2]));
