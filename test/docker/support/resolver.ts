// The LAN's resolver: answers every A question with 192.0.2.53 and everything else with an empty answer.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { type TestScope, until } from '../../netns/support/namespaces.ts';
import type { Machine } from './machine.ts';

/** Runs it in the router's namespace until the test ends. */
export async function startResolver(t: TestScope, machine: Machine, address: string): Promise<void> {
  const program = fileURLToPath(import.meta.url);
  const child = spawn('ip', ['netns', 'exec', machine.router.name, process.execPath, program, address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let ready = false;
  child.stdout.once('data', () => {
    ready = true;
  });
  t.teardown(() => void child.kill());
  await until(5_000, 'the resolver listens', () => ready);
}

function answer(query: Buffer): Buffer {
  let end = 12;
  while (query[end]) end += query[end]! + 1;
  const question = query.subarray(12, end + 5);
  const isA = query.readUInt16BE(end + 1) === 1;
  const header = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 53]);
  return Buffer.concat(isA ? [header, question, record] : [header, question]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => socket.send(answer(query), from.port, from.address));
  socket.bind(53, process.argv[2], () => process.stdout.write('ready\n'));
}
