// GET /v1/store/export, POST /v1/store/import and POST /v1/store/migrate: the store as text, and the way from one host to many.
import { Readable } from 'node:stream';
import { type Config, loadConfig, parseConfig } from '../../shared/daemon/config.ts';
import type { Context, Route } from '../../shared/daemon/http.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { parseCidr4 } from '../../shared/model/ipv4.ts';
import { LineCutter } from '../../shared/model/lines.ts';
import { type ExportHeader, parseEntry, parseHeader, renderEntry, renderHeader } from './export-lines.ts';
import { parseKey } from './keys.ts';
import { localKeys } from './local-keys.ts';
import { migrate } from './migrate.ts';
import { bodyOf, type ServeContext } from './serve-context.ts';
import { parseAddress, parseBlock } from './values.ts';
import { writeAbsent } from './write-absent.ts';

const maxImportBytes = 64 * 1024 * 1024;

export interface TransferContext extends ServeContext {
  readonly bootId: string;
}

export function transferRoutes(context: TransferContext): Route[] {
  return [
    { method: 'GET', path: /^\/v1\/store\/export$/, handle: (http) => exportStore(http, context) },
    { method: 'POST', path: /^\/v1\/store\/import$/, handle: (http) => importStore(http, context) },
    { method: 'POST', path: /^\/v1\/store\/migrate$/, handle: (http) => migrateStore(http, context) },
  ];
}

async function exportStore(http: Context, context: TransferContext): Promise<void> {
  const { cluster, store } = context;
  if (cluster && cluster.link.state !== 'joined') throw cluster.link.unavailable('export the store');
  http.type = 'application/x-ndjson';
  http.body = Readable.from(linesOf(store.identity, cluster ? pagesOf(context) : localPage(context)));
}

async function* linesOf(
  header: ExportHeader,
  pages: AsyncGenerator<Iterable<readonly [string, string]>>,
): AsyncGenerator<string> {
  yield renderHeader(header);
  for await (const page of pages) {
    let text = '';
    for (const [key, value] of page) text += renderEntry(key, value) ?? '';
    if (text !== '') yield text;
  }
}

async function* pagesOf({ cluster }: TransferContext): AsyncGenerator<Iterable<readonly [string, string]>> {
  for await (const { items } of cluster!.link.list()) yield items.map(({ key, value }) => [key, value] as const);
}

async function* localPage(context: TransferContext): AsyncGenerator<Iterable<readonly [string, string]>> {
  yield await localKeys(partsOf(context));
}

function partsOf({ sqlite, state, config, bootId }: TransferContext): Parameters<typeof localKeys>[0] {
  return { sqlite, snapshot: state.snapshot, declared: config().declared, bootId };
}

async function importStore(http: Context, context: TransferContext): Promise<void> {
  const { store, sqlite, cluster } = context;
  const { header, entries, refused } = await readExport(http);
  if (!cluster) {
    http.body = { ...importHere(header, entries, context), refused };
    return;
  }
  if (header.clusterId !== store.identity.clusterId) {
    throw new SuiteError(
      'CLUSTER_MISMATCH',
      `import the cluster ${header.clusterId}: this one is ${sqlite.identity.clusterId}`,
    );
  }
  const count = await writeAbsent(entries, (...what) => cluster.link.transact(...what));
  http.body = { ...count, refused };
}

/** On a host of its own: blocks and addresses of the host that wrote the export; networks are the file's. */
function importHere(
  { hostId, clusterId }: ExportHeader,
  entries: readonly (readonly [string, string])[],
  { sqlite, bootId, poke }: TransferContext,
): { written: number; kept: number; next: string } {
  if (sqlite.hasAttached(bootId)) {
    throw new SuiteError('SUBNET_IN_USE', 'import into a store with attached containers', {
      hint: 'detach them first',
    });
  }
  sqlite.becomeNew();
  sqlite.setCluster(clusterId);
  let written = 0;
  for (const [key, text] of entries) {
    const place = parseKey(key);
    if (place?.at === 'block' && parseBlock(text).hostId === hostId) {
      sqlite.addBlock(place.network, parseCidr4(place.cidr)!, parseBlock(text).order);
      written += 1;
    } else if (place?.at === 'address' && parseAddress(text).hostId === hostId) {
      sqlite.addAddress(place.network, place.ip, parseAddress(text).owner);
      written += 1;
    }
  }
  poke();
  return { written, kept: entries.length - written, next: 'restart metadata' };
}

async function readExport(
  http: Context,
): Promise<{ header: ExportHeader; entries: (readonly [string, string])[]; refused: number }> {
  const cutter = new LineCutter();
  const lines: string[] = [];
  let size = 0;
  for await (const chunk of http.req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxImportBytes) throw new SuiteError('USAGE', `import more than ${maxImportBytes} bytes`);
    lines.push(...cutter.push(chunk));
  }
  lines.push(...cutter.push(Buffer.from('\n')));
  const header = parseHeader(lines.shift() ?? '');
  const entries = lines.flatMap((line) => {
    const entry = parseEntry(line);
    return entry ? [entry] : [];
  });
  return { header, entries, refused: lines.length - entries.length };
}

async function migrateStore(http: Context, context: TransferContext): Promise<void> {
  if (context.cluster) {
    throw new SuiteError('CLUSTER_MISMATCH', 'move into a cluster: this host is a member of one', {
      hint: 'corral host ls shows it',
    });
  }
  const to = await destinationOf(http, context);
  const next = 'set store.kind: etcd with these endpoints and restart metadata';
  http.body = { ...(await migrate(to, partsOf(context))), next };
}

async function destinationOf(http: Context, { configPath }: TransferContext): Promise<Config['store']> {
  const body = await bodyOf(http);
  if (Object.keys(body).length > 0) {
    try {
      return parseConfig(JSON.stringify({ store: { kind: 'etcd', ...body } }), {}, 'the request').store;
    } catch (cause) {
      throw new SuiteError('USAGE', (cause as Error).message, { cause });
    }
  }
  const { store } = loadConfig(configPath, process.env);
  if (store.kind === 'etcd') return store;
  throw new SuiteError('CONFIG_DECIDES', `move into a cluster: ${configPath} names no etcd`, {
    hint: 'set store.kind: etcd and store.endpoints there, or give the endpoints',
  });
}
