// Requests per second of the server's own processor time, for answers of three sizes.
import { record } from '../../../fixtures/records.ts';
import { exec, type TestScope } from '../../../netns/support/namespaces.ts';
import { median } from '../../figures.ts';
import { type Bed, clientAddress, cpuSeconds, makeBed, report, service, tree } from './bed.ts';
import { type Page, type Peer, startBareHttp, startNginx } from './peers.ts';

const rounds = 5;
const seconds = 1;
const connections = 32;

export async function measureRequests(): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  const scope: TestScope = { teardown: (work) => undo.unshift(work) };
  try {
    const bed = await makeBed(scope, 1);
    await report(bed, records(bed.hostId));
    const pages = await pagesOf(bed);
    const ours: Peer = { pid: bed.daemon.process.pid!, urlOf: ({ path }) => `http://${service}${path}` };
    const peers = {
      'bare http': await startBareHttp(bed, pages, 8081),
      nginx: await startNginx(bed, pages, 8082),
      metadata: ours,
    };
    for (const page of pages) measurePage(bed, page, peers);
  } finally {
    for (const work of undo) await work();
  }
}

/** 1,000 containers whose listing is about 1 MB; the first of them is the client. */
function records(hostId: string) {
  const labels = Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`org.example.label-${n}`, `value-${n}`]));
  return Array.from({ length: 1_000 }, (_, n) =>
    record(n, {
      hostId,
      name: `web-front-${n}`,
      ips: n === 0 ? [clientAddress(0)] : [`10.43.${n >> 8}.${n & 255}`],
      labels: { ...labels, 'io.rancher.stack_service.name': n === 0 ? 'shop/front' : `shop-${n % 50}/front` },
    }),
  );
}

async function pagesOf(bed: Bed): Promise<Page[]> {
  const page = async (name: string, path: string, accept: string): Promise<Page> => {
    const { text } = await tree(bed.root, `${path}?from=${clientAddress(0)}`, accept);
    return { name, path, accept, body: text };
  };
  return [
    await page('scalar', '/latest/self/container/primary_ip', '*/*'),
    await page('json', '/latest/self/service', 'application/json'),
    await page('listing', '/latest/containers', 'application/json'),
  ];
}

function measurePage(bed: Bed, page: Page, peers: Readonly<Record<string, Peer>>): void {
  console.log(`${page.name}: ${page.path}, ${page.body.length} characters`);
  const rates = new Map<string, number[]>();
  for (let round = -3; round < rounds; round += 1) {
    for (const [name, peer] of Object.entries(peers)) {
      const before = cpuSeconds(peer.pid);
      const requests = load(bed, page, peer);
      const rate = requests / (cpuSeconds(peer.pid) - before);
      if (round >= 0) rates.set(name, [...(rates.get(name) ?? []), rate]); // the first ones warm up
    }
  }
  const bare = median(rates.get('bare http')!);
  for (const [name, all] of rates) {
    const ratio = (median(all) / bare).toFixed(2);
    const range = `${Math.round(Math.min(...all))} to ${Math.round(Math.max(...all))}`;
    console.log(`  ${name.padEnd(10)} ${Math.round(median(all))} requests/CPU-s (${range}), ${ratio} of bare http`);
  }
}

/** Answered requests of one run of wrk. */
function load(bed: Bed, page: Page, peer: Peer): number {
  const flags = ['-t1', `-c${connections}`, `-d${seconds}s`, '-H', `Accept: ${page.accept}`];
  const out = exec(bed.client, 'wrk', [...flags, peer.urlOf(page)]);
  if (/Non-2xx/.test(out)) throw new Error(`wrk: ${out}`);
  return Number(/(\d+) requests in/.exec(out)?.[1]);
}
