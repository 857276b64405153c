// F24, the part of metadata: changes, requests, long polls and clients that go away, at random and without a pause; the heap
// after a collection stays where it was. `CORRAL_SOAK_SECONDS` (default 20; nightly 3600) and `FAULT_SEED` decide how long and how.
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { Trees } from '../../daemons/metadata/answer.ts';
import { Catalog } from '../../daemons/metadata/catalog.ts';
import { serveHttp } from '../../daemons/metadata/serve-http.ts';
import { State } from '../../daemons/metadata/state.ts';
import { closeServer } from '../../daemons/shared/daemon/http.ts';
import { Metrics } from '../../daemons/shared/daemon/metrics.ts';
import type { LocalCallers } from '../../daemons/shared/effects/local-callers.ts';
import type { Key } from '../../daemons/shared/model/objects.ts';
import { random } from '../fakes/dns-malformed.ts';
import { clusterId, host, hostId, idOf, record } from '../fixtures/records.ts';
import { until } from '../netns/support/namespaces.ts';

const seconds = Number(process.env.CORRAL_SOAK_SECONDS ?? 20);
const below = random(Number(process.env.FAULT_SEED ?? 24));
const containers = 500;
/** What an hour may add. A short run is judged by what it may add at all: lists and tables that the engine made larger. */
const [mbAnHour, mbAtAll] = [1, 3];

t.setTimeout((seconds + 60) * 1_000);
setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

const heapMb = async (): Promise<number> => {
  const seen: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    collect();
    seen.push(process.memoryUsage().heapUsed / 1e6);
  }
  return Math.min(...seen);
};

t.test(`flat memory over ${seconds} s`, { timeout: (seconds + 60) * 1_000 }, async (t) => {
  const state = new State({ clusterId, hostId, remember: () => undefined });
  const catalog = new Catalog(hostId);
  const metrics = new Metrics('metadata');
  const callers = { allows: () => true, allowsAfterLook: async () => true } as unknown as LocalCallers;
  const http = serveHttp({ catalog, trees: new Trees(catalog), callers, metrics, trusted: () => [] });
  state.onRevision((revision) => {
    catalog.update(revision);
    http.changed(revision);
  });
  state.setOwn([host()]);
  await new Promise<void>((done) => http.server.listen(0, '127.0.0.1', done));
  const { port } = http.server.address() as AddressInfo;

  const change = async (): Promise<void> => {
    const n = below(containers);
    const labels = below(4) > 0 ? { 'io.rancher.stack_service.name': `st${below(20)}/sv${below(10)}` } : {};
    const drop: Key[] = below(3) === 0 ? [`container/${idOf(below(containers))}`] : [];
    await state.change(
      'network-manager',
      [record(n, { name: `c${below(2 * containers)}`, startCount: below(9), labels })],
      drop,
    );
  };
  const paths = ['', '/version', '/containers', '/services', '/stacks', '/self', '/hosts', '/nothing'];
  let [answered, left] = [0, 0];
  const ask = (): Promise<void> =>
    new Promise((done) => {
      const path = paths[below(paths.length)]! + (below(3) === 0 ? `/c${below(containers)}/name` : '');
      const query = below(16) === 0 ? `?wait=true&value=${catalog.version}&maxWait=1` : `?${below(1e9)}`;
      const options = {
        host: '127.0.0.1',
        port,
        path: `/${['latest', '2015-12-19'][below(2)]}${path}${query}`,
        agent: false,
      };
      const outgoing = get(
        { ...options, headers: below(2) === 0 ? { accept: 'application/json' } : {} },
        (incoming) => {
          if (below(10) === 0) outgoing.destroy();
          incoming.on('error', () => undefined).resume();
        },
      );
      outgoing.on('error', () => undefined);
      outgoing.on('close', () => {
        answered += 1;
        done();
      });
      if (below(20) === 0) {
        left += 1;
        setTimeout(() => outgoing.destroy(), below(20));
      }
    });

  const work = async (until_: number): Promise<void> => {
    const rest = () => new Promise<void>((done) => setTimeout(done, below(4)));
    const forever = async (step: () => Promise<void>): Promise<void> => {
      while (performance.now() < until_) await step();
    };
    await Promise.all([forever(() => change().then(rest)), ...Array.from({ length: 8 }, () => forever(ask))]);
  };
  const pieces = 8;
  const [heaps, resident]: number[][] = [[], []];
  for (let piece = 0; piece < pieces; piece += 1) {
    await work(performance.now() + (seconds * 1_000) / pieces);
    await until(5_000, 'no poll is left', async () =>
      /corral_metadata_long_polls\{daemon="metadata"\} 0/.test(await metrics.text()),
    );
    http.changedAll(); // without the answers that are kept, of which there are now more, now fewer
    heaps!.push(await heapMb());
    resident!.push(process.memoryUsage().rss / 1e6);
  }
  // The first pieces fill the caches to their bounds.
  const grown = Math.min(...heaps!.slice(-2)) - Math.min(...heaps!.slice(2, 4));
  const most = Math.max(mbAtAll, (mbAnHour * seconds) / 3_600);
  t.comment(`${answered} requests, ${left} of them left alone, ${state.snapshot.revision} revisions`);
  t.comment(`heap after collection: ${heaps!.map((mb) => mb.toFixed(1)).join(', ')} MB`);
  t.comment(`resident: ${resident!.map((mb) => mb.toFixed(0)).join(', ')} MB`);
  t.ok(grown < most, `grew by ${grown.toFixed(2)} MB`);
  t.ok(answered > 100 && state.snapshot.revision > 100);
  http.close();
  await closeServer(http.server, 0);
});
