import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { openUdp } from '../../../../daemons/dns/hot/start-hot.ts';
import type { ServeOptions } from '../../../../daemons/dns/serve-udp.ts';
import { SuiteError } from '../../../../daemons/shared/model/errors.ts';

const port = 41_000 + (process.pid % 10_000);
const serve: ServeOptions = {
  address: '127.0.0.1',
  port,
  handle: (packet) => packet,
  callers: { allows: () => true, allowsAfterLook: async () => true },
  onDropped: () => undefined,
  onBroken: () => undefined,
};

async function echoes(): Promise<boolean> {
  const client = createSocket('udp4');
  client.send('question', port, '127.0.0.1');
  const [reply] = await once(client, 'message', { signal: AbortSignal.timeout(2_000) });
  client.close();
  return String(reply) === 'question';
}

function open(workers: number, listen: () => never) {
  const told: string[] = [];
  const log = { warn: ({ event }: { event: string }) => told.push(event), info: () => undefined };
  return { told, opened: openUdp(serve, { workers, hot: { listen }, log: log as never }) };
}

t.test('where the calls are missing, and where no worker is wanted, a socket of Node serves', async (t) => {
  const missing = () => {
    throw new SuiteError('INTERNAL', 'receive datagrams in batches on this machine');
  };
  for (const [workers, expected] of [
    [1, ['dns.hot.missing']],
    [0, []],
  ] as const) {
    const { told, opened } = open(workers, missing);
    const listener = await opened;
    t.ok(await echoes());
    t.same(told, expected);
    await listener.close();
  }
});

t.test('a taken port is told, not tried another way', async (t) => {
  const taken = () => {
    throw new SuiteError('PORT_TAKEN', 'listen');
  };
  const { told, opened } = open(1, taken);
  await t.rejects(opened, { code: 'PORT_TAKEN' });
  t.same(told, []);
});
