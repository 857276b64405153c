// Asks an echo-server and prints its answer, or the code of the failure: `ask.ts udp|tcp ADDRESS PORT [COUNT]`. Each of COUNT
// questions comes from a port of its own; with more than one the number of answers is printed.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const [, , protocol, address, port, count = '1'] = process.argv;
const waitMs = 1_000;

function askUdp(): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket(address?.includes(':') ? 'udp6' : 'udp4');
    const timer = setTimeout(() => done('TIMEOUT'), waitMs);
    const done = (text: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve(text);
    };
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'ERROR'));
    socket.on('message', (message) => done(message.toString()));
    // Connected, so that the kernel hands over what ICMP says.
    socket.connect(Number(port), address, () => socket.send('?'));
  });
}

function askTcp(): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), address!);
    const timer = setTimeout(() => done('TIMEOUT'), waitMs);
    const done = (text: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'ERROR'));
    socket.on('data', (bytes) => done(bytes.toString()));
  });
}

const ask = protocol === 'udp' ? askUdp : askTcp;
if (count === '1') process.stdout.write(await ask());
else {
  let answered = 0;
  for (let left = Number(count); left > 0; left -= 50) {
    const answers = await Promise.all(Array.from({ length: Math.min(50, left) }, ask));
    answered += answers.filter((text) => /^\d/.test(text)).length;
  }
  process.stdout.write(String(answered));
}
process.exit(0);
