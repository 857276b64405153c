import { EventEmitter } from 'node:events';
import t from 'tap';
import { FLAG, NLMSG } from '../../../../../daemons/shared/effects/netlink/constants.ts';
import { frame, type Message, readMessages } from '../../../../../daemons/shared/effects/netlink/framing.ts';
import { type KernelSocket, Transport } from '../../../../../daemons/shared/effects/netlink/transport.ts';

const none = Buffer.alloc(0);
const GET = 18;
const SET = 16;

/** Stands for the kernel: answers each datagram by `behave`, one call a message, in the order of the messages. */
class FakeKernel extends EventEmitter {
  readonly datagrams: Message[][] = [];
  referenced = true;
  closed = false;
  behave: (message: Message) => Buffer[] = (message) => (message.flags & FLAG.ACK ? [ack(message, 0)] : []);

  send(bytes: Uint8Array | Uint8Array[]): void {
    const messages = readMessages(Buffer.from(bytes as Uint8Array));
    this.datagrams.push(messages);
    const answers = messages.flatMap((message) => this.behave(message));
    setImmediate(() => {
      for (const answer of answers) this.emit('message', answer, { port: 0, groups: 0 });
    });
  }
  ref(): void {
    this.referenced = true;
  }
  unref(): void {
    this.referenced = false;
  }
  close(): void {
    this.closed = true;
  }
  setRecvBufferSize(): void {}
}

function ack(to: Message, errno: number): Buffer {
  const data = Buffer.alloc(20);
  data.writeInt32LE(errno, 0);
  return frame(NLMSG.ERROR, 0, to.seq, data);
}

/** Parts of a listing and its end. */
function listing(to: Message, parts: string[], flags = 0, errno = 0): Buffer[] {
  const end = Buffer.alloc(4);
  end.writeInt32LE(errno, 0);
  return [...parts.map((part) => frame(GET, flags, to.seq, Buffer.from(part))), frame(NLMSG.DONE, flags, to.seq, end)];
}

function start(deadlineMs = 5_000): { kernel: FakeKernel; transport: Transport } {
  const kernel = new FakeKernel();
  return { kernel, transport: new Transport({ deadlineMs, socket: kernel as unknown as KernelSocket }) };
}

t.test('requests of one turn travel together and share one acknowledgement', async (t) => {
  const { kernel, transport } = start();
  await Promise.all(Array.from({ length: 10 }, (_, n) => transport.request(`r${n}`, SET, 0, none)));
  t.equal(kernel.datagrams.length, 1);
  t.same(
    kernel.datagrams[0]!.map((message) => (message.flags & FLAG.ACK) !== 0),
    [...new Array<boolean>(9).fill(false), true],
  );
  t.equal(kernel.referenced, false, 'idle again');
});

t.test('a failure in the middle concerns its own request only', async (t) => {
  const { kernel, transport } = start();
  kernel.behave = (message) => {
    if (message.data.toString() === 'bad') return [ack(message, -17)];
    return message.flags & FLAG.ACK ? [ack(message, 0)] : [];
  };
  const bodies = ['good', 'bad', 'good', 'good'];
  const results = await Promise.allSettled(bodies.map((body) => transport.request('x', SET, 0, Buffer.from(body))));
  t.same(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  const last = await Promise.allSettled(
    ['good', 'bad'].map((body) => transport.request('x', SET, 0, Buffer.from(body))),
  );
  t.match(last, [{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'NETLINK_EXISTS' } }]);
});

t.test('at most 64 are under way, and all get done in order', async (t) => {
  const { kernel, transport } = start();
  const done: number[] = [];
  await Promise.all(
    Array.from({ length: 500 }, async (_, n) => {
      await transport.request('x', SET, 0, Buffer.from([n & 255, n >> 8]));
      done.push(n);
    }),
  );
  t.same(
    kernel.datagrams.map((messages) => messages.length),
    [64, 64, 64, 64, 64, 64, 64, 52],
  );
  t.same(
    done,
    Array.from({ length: 500 }, (_, n) => n),
  );
});

t.test('answers with data come with their request', async (t) => {
  const { kernel, transport } = start();
  kernel.behave = (message) => [
    frame(GET, 0, message.seq, message.data),
    ...(message.flags & FLAG.ACK ? [ack(message, 0)] : []),
  ];
  const answers = await Promise.all(['aaaa', 'bbbb'].map((body) => transport.request('x', GET, 0, Buffer.from(body))));
  t.same(
    answers.map((list) => list.map((answer) => answer.data.toString())),
    [['aaaa'], ['bbbb']],
  );
});

t.test('an interrupted listing is asked for again; one without end of interruptions is given up', async (t) => {
  const { kernel, transport } = start();
  let times = 0;
  kernel.behave = (message) => {
    times += 1;
    if (times === 1) return listing(message, ['half'], FLAG.DUMP_INTR);
    if (times === 2) return [...listing(message, ['most']).slice(0, 1), ...listing(message, [], FLAG.DUMP_INTR)];
    return listing(message, ['one.', 'two.']);
  };
  const answers = await transport.dump('list', GET, none);
  t.same(
    answers.map((answer) => answer.data.toString()),
    ['one.', 'two.'],
  );
  t.equal(times, 3);
  kernel.behave = (message) => listing(message, ['half'], FLAG.DUMP_INTR);
  await t.rejects(transport.dump('list', GET, none), { code: 'NETLINK_BUSY' });
});

t.test('a listing that ends with an error fails, and the next one is not held up', async (t) => {
  const { kernel, transport } = start();
  kernel.behave = (message) => listing(message, ['part'], 0, message.data.length > 0 ? -22 : 0);
  const [bad, good] = await Promise.allSettled([
    transport.dump('bad', GET, Buffer.from('bad!')),
    transport.dump('good', GET, none),
  ]);
  t.match(bad, { status: 'rejected', reason: { code: 'NETLINK_REFUSED', message: /EINVAL/ } });
  t.equal(good.status, 'fulfilled');
});

t.test('listings follow one another, other requests pass them', async (t) => {
  const { kernel, transport } = start();
  kernel.behave = (message) =>
    message.flags & FLAG.DUMP ? listing(message, ['part']) : message.flags & FLAG.ACK ? [ack(message, 0)] : [];
  await Promise.all([
    transport.dump('a', GET, none),
    transport.dump('b', GET, none),
    transport.request('c', SET, 0, none),
  ]);
  const dumps = kernel.datagrams.map((messages) => messages.filter((message) => message.flags & FLAG.DUMP).length);
  t.same(
    dumps.filter((count) => count > 0),
    [1, 1],
  );
});

t.test('no answer: a coded error at the deadline, and a late answer harms nobody', async (t) => {
  const { kernel, transport } = start(30);
  const silent: Message[] = [];
  kernel.behave = (message) => {
    silent.push(message);
    return [];
  };
  await t.rejects(transport.request('wait', SET, 0, none), { code: 'DEADLINE', message: /wait: no answer in 30 ms/ });
  kernel.emit('message', ack(silent[0]!, 0), { port: 0 });
  kernel.behave = (message) => [ack(message, 0)];
  t.same(await transport.request('again', SET, 0, none), []);
  t.equal(kernel.referenced, false);
});

t.test('only the kernel is listened to, and rubbish is survived', async (t) => {
  const { kernel, transport } = start();
  kernel.behave = (message) => {
    kernel.emit('message', ack(message, -1), { port: 4711 });
    kernel.emit('message', Buffer.from([1, 2, 3]), { port: 0 });
    kernel.emit('message', Buffer.alloc(32, 0xff), { port: 0 });
    return [ack(message, 0)];
  };
  t.same(await transport.request('x', SET, 0, none), []);
});

t.test('an error of the socket and closing reject what waits', async (t) => {
  const { kernel, transport } = start();
  kernel.behave = () => [];
  const first = transport.request('x', SET, 0, none);
  setImmediate(() => kernel.emit('error', new Error('ENOBUFS')));
  await t.rejects(first, { code: 'NETLINK_OVERRUN' });
  const second = transport.request('x', SET, 0, none);
  transport.close();
  transport.close();
  await t.rejects(second, { code: 'NETLINK_REFUSED' });
  await t.rejects(transport.dump('x', GET, none), { code: 'NETLINK_REFUSED' });
  t.equal(kernel.closed, true);
});

t.test('a refusal that is an answer', async (t) => {
  const { kernel, transport } = start();
  kernel.behave = (message) => [ack(message, -19)];
  t.equal(await transport.tryRequest('x', GET, 0, none, ['ENOENT', 'ENODEV']), undefined);
  await t.rejects(transport.tryRequest('x', GET, 0, none, ['EEXIST']), { code: 'NETLINK_NO_SUCH_DEVICE' });
  kernel.behave = (message) => [ack(message, 0)];
  t.same(await transport.tryRequest('x', GET, 0, none, ['ENODEV']), []);
});

t.test('answers that come within the send need no deadline', async (t) => {
  const { kernel, transport } = start();
  kernel.send = (bytes) => {
    for (const message of readMessages(Buffer.from(bytes as Uint8Array)))
      kernel.emit('message', ack(message, 0), { port: 0 });
  };
  t.same(await transport.request('x', SET, 0, none), []);
  t.equal(kernel.referenced, false);
});
