// A unix socket between a client and a server, at which a test cuts connections: at once, in the middle of what the server
// says next, or for as long as it likes.
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import type { TestScope } from '../../netns/support/namespaces.ts';

export interface SocketProxy {
  readonly path: string;
  /** Of the next bytes that the server says on a connection that has been open for long, half arrive; then it is cut. */
  cutInTheMiddle(): void;
  /** Every connection is cut, and new ones are too. */
  block(): void;
  unblock(): void;
  readonly cuts: number;
}

export async function startSocketProxy(t: TestScope, path: string, target: string): Promise<SocketProxy> {
  const open = new Set<Socket>();
  const state = { blocked: false, halve: false, cuts: 0 };
  const server = createServer((client) => {
    if (state.blocked) {
      client.destroy();
      return;
    }
    const engine = connect(target);
    const since = performance.now();
    const end = (): void => {
      client.destroy();
      engine.destroy();
      open.delete(client);
    };
    open.add(client);
    for (const socket of [client, engine]) socket.on('error', end).on('close', end);
    client.pipe(engine);
    engine.on('data', (bytes: Buffer) => {
      const isStream = performance.now() - since > 500;
      if (!state.halve || !isStream) {
        client.write(bytes);
        return;
      }
      state.halve = false;
      state.cuts += 1;
      client.write(bytes.subarray(0, Math.floor(bytes.length / 2)), end);
    });
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    path,
    cutInTheMiddle() {
      state.halve = true;
    },
    block() {
      state.blocked = true;
      for (const socket of open) socket.destroy();
    },
    unblock() {
      state.blocked = false;
    },
    get cuts() {
      return state.cuts;
    },
  };
}
