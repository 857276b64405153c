import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BlocksKeeper } from '../../../../daemons/network-manager/blocks/main.ts';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import { makeLog } from '../../../../daemons/shared/daemon/log.ts';
import { Metrics } from '../../../../daemons/shared/daemon/metrics.ts';
import { pathsBelow } from '../../../../daemons/shared/model/paths.ts';
import { until } from '../../../netns/support/namespaces.ts';
import { block, network, snapshotOf } from '../../support/snapshots.ts';
import { lease } from '../attachments/support.ts';

t.test('metadata is asked once the block is nearly full, and refusals are told', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'co-bk-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const paths = pathsBelow(root);
  mkdirSync(paths.run, { recursive: true });
  const asked: string[] = [];
  let answer: { status: number; body: object } = { status: 200, body: { cidr: '10.42.9.0/28' } };
  const server = createServer((request, response) => {
    request.setEncoding('utf8');
    request.on('data', (text: string) => {
      asked.push(`${request.method} ${request.url} ${text}`);
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
  }).listen(join(paths.run, 'metadata.sock'));
  t.teardown(() => void server.close());
  await until(5_000, 'metadata listens', () => server.listening);

  const make = (count: number): { keeper: BlocksKeeper; health: Health; metrics: Metrics } => {
    const health = new Health();
    const metrics = new Metrics('network-manager');
    const keeper = new BlocksKeeper({
      context: { paths, health, metrics, log: makeLog('network-manager', 'error') },
      leases: () => Array.from({ length: count }, (_, at) => lease({ addresses: [`10.42.7.${at + 2}/28`] })),
      onWithheld: () => undefined,
    });
    t.teardown(() => keeper.close());
    keeper.onSnapshot(
      snapshotOf([network('corral', '10.42.0.0/16', { isDefault: true }), block('corral', '10.42.7.0/28')]),
    );
    return { keeper, health, metrics };
  };
  const few = make(5);
  await until(5_000, 'it has looked', () => few.health.report().state === 'ready');
  const told = await few.metrics.text();
  t.match(told, 'corral_addresses_used{network="corral",daemon="network-manager"} 5');
  t.match(told, 'corral_addresses_room{network="corral",daemon="network-manager"} 13');
  t.same(asked, [], 'there is room');

  const many = make(12);
  await until(5_000, 'it has asked', () => asked.length > 0);
  t.same(asked.splice(0), ['POST /v1/blocks {"network":"corral"}']);
  await until(5_000, 'all is well', () => many.health.report().state === 'ready');
  many.keeper.poke();

  answer = { status: 409, body: { code: 'NO_BLOCK_LEFT', message: 'no block is left', hint: null } };
  const full = make(13);
  await until(5_000, 'it is told', () => full.health.report().state === 'degraded');
  t.match(full.health.report().conditions, [{ name: 'blocks', code: 'NO_BLOCK_LEFT', text: /^corral: / }]);
  t.equal(asked.length, 1, 'and the other one does not ask again at once');
});
