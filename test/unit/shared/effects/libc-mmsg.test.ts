import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import t from 'tap';
import { call } from '../../../../daemons/shared/effects/libc.ts';
import { DatagramBatch } from '../../../../daemons/shared/effects/libc-mmsg.ts';
import { canJoin, openUdpSocket } from '../../../../daemons/shared/effects/libc-udp.ts';
import { parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import type { TestScope } from '../../../netns/support/namespaces.ts';

const loopback = parseIpv4('127.0.0.1')!;
const SOL_SOCKET = 1;
const SO_NO_CHECK = 11;
const SOL_UDP = 17;
const UDP_GRO = 104;

async function open(t: TestScope): Promise<{ fd: number; port: number }> {
  const reserved = createSocket('udp4').bind(0, '127.0.0.1');
  await once(reserved, 'listening');
  const { port } = reserved.address();
  reserved.close();
  const fd = openUdpSocket({ address: loopback, port, shared: false, timeoutMs: 2_000, bufferBytes: 1 << 20 });
  t.teardown(() => closeSync(fd));
  return { fd, port };
}

type Joined = { readonly joins: boolean };

function batchOf(t: TestScope, options: Joined = { joins: false }): DatagramBatch {
  const batch = new DatagramBatch(64, options);
  t.teardown(() => batch.release());
  return batch;
}

/** Answers as many questions as there are lengths; returns what comes back, as lengths and first bytes. */
function echo(server: number, batch: DatagramBatch, client: number, into: DatagramBatch, lengths: readonly number[]) {
  let refused = 0;
  for (let taken = 0; taken < lengths.length; ) {
    const received = batch.receive(server);
    if (received === 0) throw new Error('no question came');
    for (let slot = 0; slot < received; slot += 1) batch.queue(slot, lengths[taken + slot]!);
    refused += batch.send(server);
    taken += received;
  }
  const replies: string[] = [];
  const wanted = lengths.reduce((sum, length) => sum + length, 0);
  for (let bytes = 0; bytes < wanted; ) {
    const came = into.receive(client);
    if (came === 0) throw new Error('a reply is missing');
    for (let slot = 0; slot < came; slot += 1) {
      bytes += into.received(slot);
      replies.push(`${into.received(slot)}/${into.bytes[into.start(slot)]}`);
    }
  }
  return { refused, replies };
}

/** Three questions of one client, told apart by their first byte; they go out apart. */
function ask(client: { fd: number }, server: { port: number }): void {
  const batch = new DatagramBatch(3, { joins: false });
  for (const slot of [0, 1, 2]) {
    batch.bytes.fill(slot + 1, batch.start(slot), batch.start(slot) + 100);
    batch.address(slot, loopback, server.port);
    batch.queue(slot, 100);
  }
  batch.send(client.fd);
  batch.release();
}

t.test('each reply reaches its client, joined or not', async (t) => {
  for (const joins of [true, false]) {
    const [server, client] = [await open(t), await open(t)];
    ask(client, server);
    const { refused, replies } = echo(server.fd, batchOf(t, { joins }), client.fd, batchOf(t), [80, 70, 80]);
    t.equal(refused, 0);
    t.same([...replies].sort(), ['70/2', '80/1', '80/3'], `joins: ${joins}`);
  }
});

t.test('joined replies are one message for the kernel', async (t) => {
  const [server, client] = [await open(t), await open(t)];
  t.ok(canJoin(server.fd));
  call('setsockopt', client.fd, SOL_UDP, UDP_GRO, Uint8Array.of(1, 0, 0, 0), 4);
  const [batch, into] = [batchOf(t, { joins: true }), batchOf(t)];
  // A client that takes joined datagrams as they are sees them; on a busy machine the questions may come in two batches.
  const once = (): boolean => {
    ask(client, server);
    return echo(server.fd, batch, client.fd, into, [80, 70, 80]).replies.includes('230/1');
  };
  t.ok(Array.from({ length: 20 }, once).includes(true));
});

t.test('what the kernel refuses to join goes out apart', async (t) => {
  const [server, client] = [await open(t), await open(t)];
  // Without checksums it does not segment.
  call('setsockopt', server.fd, SOL_SOCKET, SO_NO_CHECK, Uint8Array.of(1, 0, 0, 0), 4);
  const [batch, into] = [batchOf(t, { joins: true }), batchOf(t)];
  for (let round = 0; round < 2; round += 1) {
    ask(client, server);
    const { refused, replies } = echo(server.fd, batch, client.fd, into, [80, 70, 80]);
    t.equal(refused, 0);
    t.same([...replies].sort(), ['70/2', '80/1', '80/3']);
  }
});

t.test('what cannot be sent at all is counted', async (t) => {
  const [server, client] = [await open(t), await open(t)];
  ask(client, server);
  const batch = batchOf(t, { joins: true });
  let received = 0;
  while (received < 3) received += batch.receive(server.fd);
  for (const slot of [0, 1, 2]) batch.queue(slot, 80);
  t.equal(batch.send(99_999), 3, 'no such descriptor');
});
