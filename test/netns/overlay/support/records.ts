// The channel on which overlay daemons tell metadata what others may know, and a store that all hosts of a test share: what one
// says of its keys, every host sees.
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { LineCutter } from '../../../../daemons/shared/model/lines.ts';
import type { TunnelObject } from '../../../../daemons/shared/model/objects.ts';
import { parseRecord } from '../../../../daemons/shared/model/parse-record.ts';
import { protocolVersion, renderLine, type SourceLine } from '../../../../daemons/shared/model/wire.ts';
import type { TestScope } from '../../support/namespaces.ts';
import type { Host } from './hosts.ts';

/** Takes what the daemon of each host reports, and hands it to all of them. */
export async function shareTunnels(t: TestScope, hosts: readonly Host[]): Promise<void> {
  for (const host of hosts) {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined); // its daemon was killed
      serve(socket, host, (tunnel) => {
        for (const one of hosts) one.metadata.change([tunnel]);
      });
    });
    await new Promise<void>((resolve) => server.listen(join(host.root, 'run/corral/records.sock'), resolve));
    t.teardown(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  }
}

function serve(socket: Socket, host: Host, publish: (tunnel: TunnelObject) => void): void {
  const cutter = new LineCutter();
  const answer = (line: Parameters<typeof renderLine>[0]): void => void socket.write(renderLine(line));
  const acknowledge = (seq: number): void => answer({ ack: { seq, revision: 1, refused: [] } });
  const take = (value: unknown): void => publish(parseRecord(value) as TunnelObject);
  socket.on('data', (chunk) => {
    for (const text of cutter.push(chunk)) {
      const line = JSON.parse(text) as SourceLine;
      if ('hello' in line) answer({ hello: { proto: protocolVersion, epoch: 'fake', hostId: host.id } });
      else if ('put' in line) take(line.put);
      else if ('synced' in line) acknowledge(line.synced.seq);
      else if ('batch' in line) {
        line.batch.put.forEach(take);
        acknowledge(line.batch.seq);
      }
    }
  });
}
