// Programs that tests run inside a namespace, among them a crowd of clients that never finish a request.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Namespace, TestScope } from '../support/namespaces.ts';

/** 1,000 connections, half of them silent, half with a request that never ends; tells how many are open when that changes. */
export const crowdScript = (address: string): string => `
  const { connect } = require('node:net');
  let open = 0;
  const step = (by) => { open += by; };
  for (let n = 0; n < 1000; n += 1) {
    const socket = connect(80, '${address}', () => { step(1); socket.on('close', () => step(-1)); });
    socket.on('error', () => {}).resume();
    if (n % 2) socket.write('GET /latest/na');
  }
  let told;
  setInterval(() => { if (open !== told) console.log('open ' + (told = open)); }, 50);`;

/** A program inside the namespace, and what it has printed so far. */
export function runScript(t: TestScope, ns: Namespace, script: string): { process: ChildProcess; said: () => string } {
  const child = spawn('ip', ['netns', 'exec', ns.name, process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  t.teardown(() => void child.kill('SIGKILL'));
  return { process: child, said: () => text };
}
