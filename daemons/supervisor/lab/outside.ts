// The world outside of a lab, a program in the switch's space: it tells whoever fetches a page from which address it was asked
// (so that the hosts' address translation is seen), answers the hosts' DNS questions, and looks whether etcd is well.
import { createSocket } from 'node:dgram';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { programPath } from '../../shared/daemon/installation.ts';
import { answerOutside } from './outside-dns.ts';
import { etcdEndpoint, outside, underlay } from './plan-lab.ts';

export const outsideProgram = programPath('daemons/supervisor/lab/outside');

export function controlSocket(dir: string): string {
  return `${dir}/outside.sock`;
}

function greet({ socket }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('content-type', 'text/plain');
  response.end(`outside: you come from ${(socket.remoteAddress ?? '').replace('::ffff:', '')}\n`);
}

/** Passes etcd's own word on: 200 when it can write. */
function askStore(_: IncomingMessage, response: ServerResponse): void {
  const fail = (): void => {
    if (response.headersSent) return;
    response.statusCode = 503;
    response.end();
  };
  const asked = request(`${etcdEndpoint}/health`, { timeout: 1_500, agent: false }, (answer) => {
    response.statusCode = answer.statusCode ?? 503;
    answer.resume();
    answer.on('end', () => response.end());
  });
  asked.on('error', fail);
  asked.on('timeout', () => asked.destroy());
  asked.end();
}

function main(dir: string): void {
  const dns = createSocket('udp4');
  dns.on('message', (query, from) => {
    const answer = answerOutside(query);
    if (answer) dns.send(answer, from.port, from.address);
  });
  dns.on('error', () => {}); // a neighbour that is gone
  dns.bind(53, underlay.router);
  for (const host of [outside.address, outside.address6]) createServer(greet).listen(80, host);
  const control = controlSocket(dir);
  rmSync(control, { force: true });
  createServer(askStore).listen(control, () => chmodSync(control, 0o600));
}

if (process.argv[1] === outsideProgram) main(process.argv[2] ?? '');
