// Hosts with the real metadata daemon, each in a namespace and a root of its own, on one network with an etcd.
import type { Test } from 'tap';
import type { HealthReport } from '../../daemons/shared/daemon/health.ts';
import type { ContainerRecord } from '../../daemons/shared/model/objects.ts';
import { keyOf } from '../../daemons/shared/model/objects.ts';
import type { Snapshot } from '../../daemons/shared/model/snapshot.ts';
import { type CallOptions, callJson } from '../../daemons/shared/source/call.ts';
import { Records } from '../../daemons/shared/source/records.ts';
import { watchSnapshot } from '../../daemons/shared/source/watch.ts';
import { record } from '../fixtures/records.ts';
import { type Daemon, makeRoot, type Root, startDaemon } from '../netns/metadata/daemon.ts';
import { connect, exec, makeNamespace, type Namespace, until } from '../netns/support/namespaces.ts';
import { type Etcd, startEtcd } from './store-etcd.ts';

export const etcdAddress = '192.168.50.1';

export interface Site {
  readonly middle: Namespace;
  readonly etcd: Etcd;
  /** A further host, not started yet. */
  addHost(t: Test, options?: HostOptions): StoreHost;
}

export interface HostOptions {
  readonly name?: string;
  /** A root that lies there already, such as a copy of another host's. */
  readonly root?: Root;
  /** Lines of corral.yaml below those of the host and the store. */
  readonly more?: string;
  /** Fields of `store`. */
  readonly store?: string;
}

export interface StoreHost {
  readonly name: string;
  readonly address: string;
  readonly ns: Namespace;
  readonly root: Root;
  /** The newest snapshot of this host. */
  snapshot(): Snapshot | undefined;
  start(): Promise<Daemon>;
  daemon(): Daemon;
  /** Says the host's containers in place of network-manager, as its full set at first. */
  report(records: readonly ContainerRecord[]): Promise<void>;
  /** Takes the cable out, or puts it back. */
  cut(isCut: boolean): void;
}

/** An etcd in the middle of a switch. */
export async function makeSite(t: Test): Promise<Site> {
  const middle = makeNamespace(t, 'mid');
  exec(middle, 'ip', ['link', 'add', 'switch', 'type', 'bridge']);
  exec(middle, 'ip', ['addr', 'add', `${etcdAddress}/24`, 'dev', 'switch']);
  exec(middle, 'ip', ['link', 'set', 'switch', 'up']);
  const etcd = await startEtcd(t, { ns: middle, address: etcdAddress });
  let hosts = 0;
  return {
    middle,
    etcd,
    addHost(t, options = {}) {
      hosts += 1;
      return makeHost(t, middle, etcd, hosts, options);
    },
  };
}

function makeHost(t: Test, middle: Namespace, etcd: Etcd, number: number, options: HostOptions): StoreHost {
  const ns = makeNamespace(t, `st${number}`);
  const address = `192.168.50.${10 + number}`;
  const port = `h${number}`;
  connect({ ns, device: 'eth0', address: `${address}/24` }, { ns: middle, device: port });
  exec(middle, 'ip', ['link', 'set', port, 'master', 'switch']);
  const root = options.root ?? makeRoot(t);
  const name = options.name ?? `node-${number}`;
  root.configure(
    [
      `host: { name: ${name} }`,
      `store: { kind: etcd, endpoints: ['${etcd.endpoint}'], ${options.store ?? 'joinWait: 1, lease: 5'} }`,
      'engines: []',
      options.more ?? '',
    ].join('\n'),
  );
  let running: Daemon | undefined;
  let newest: Snapshot | undefined;
  const watch = watchSnapshot({
    socketPath: root.metadataSocket,
    onSnapshot: (snapshot) => {
      newest = snapshot;
    },
    onState: () => undefined,
  });
  t.teardown(() => watch.close());
  let records: Records | undefined;
  return {
    name,
    address,
    ns,
    root,
    snapshot: () => newest,
    daemon: () => running!,
    start: async () => {
      running = startDaemon(t, ns, root);
      await until(60_000, `${name} serves`, async () => {
        if (running!.process.exitCode !== null) throw new Error(running!.stderr());
        return running!.health().catch(() => undefined);
      });
      return running;
    },
    report: async (all) => {
      const hostId = await until(30_000, `${name} has a snapshot`, () => newest?.hostId);
      const own = all.map((one) => ({ ...one, hostId }));
      if (records) {
        const keys = new Set(own.map(keyOf));
        const gone = [...records.all.keys()].filter((key) => !keys.has(key));
        await records.change(own, gone);
        return;
      }
      records = new Records({
        socketPath: root.recordsSocket,
        source: 'network-manager',
        onState: () => undefined,
        onRefused: () => undefined,
      });
      t.teardown(() => records?.close());
      records.start(own);
    },
    cut: (isCut) => void exec(middle, 'ip', ['link', 'set', port, isCut ? 'down' : 'up']),
  };
}

export { record };

/** Waits until the daemon says that it is in this state. */
export async function untilHealth(host: StoreHost, state: HealthReport['state']): Promise<void> {
  await until(60_000, `${host.name} is ${state}; it said: ${host.daemon().stderr()}`, async () => {
    const report = await host
      .daemon()
      .health()
      .catch(() => undefined);
    return report?.state === state;
  });
}

/** Names of the containers in a host's snapshot, in order. */
export function containersOf(host: StoreHost): string[] {
  return [...(host.snapshot()?.all('container') ?? [])].map(({ name }) => name).sort();
}

export function hostsOf(host: StoreHost): string[] {
  return [...(host.snapshot()?.all('host') ?? [])]
    .map(({ name, alive }) => (alive === false ? `${name} gone` : name))
    .sort();
}

export function networksOf(host: StoreHost): string {
  return [...(host.snapshot()?.all('network') ?? [])]
    .map(({ name }) => name)
    .sort()
    .join();
}

export function blocksOf(host: StoreHost): string[] {
  const snapshot = host.snapshot();
  return [...(snapshot?.all('block') ?? [])]
    .map(({ id, hostId }) => `${id} ${snapshot!.get('host', hostId)?.name}`)
    .sort();
}

export interface Pair {
  readonly site: Site;
  readonly one: StoreHost;
  readonly two: StoreHost;
}

/** Two hosts with a block and a container each, which both see. */
export async function pairOf(t: Test): Promise<Pair> {
  const site = await makeSite(t);
  const [one, two] = [site.addHost(t), site.addHost(t)];
  await Promise.all([one.start(), two.start()]);
  await one.report([record(1, { name: 'a' })]);
  await two.report([record(2, { name: 'b' })]);
  for (const host of [one, two]) {
    await see(host, 'a,b');
    await until(30_000, 'and both blocks', () => blocksOf(host).length === 2);
  }
  return { site, one, two };
}

/** Two hosts without containers, which both see; `more` is configuration of both. */
export async function quietPair(t: Test, more = ''): Promise<Pair> {
  const site = await makeSite(t);
  const [one, two] = [site.addHost(t, { more }), site.addHost(t, { more })];
  // One after the other: who loses the race for the lowest free block takes any of the next.
  await one.start();
  await until(30_000, 'a block of the first', () => blocksOf(one).length === 1);
  await two.start();
  for (const host of [one, two])
    await until(30_000, 'both', () => hostsOf(host).length === 2 && blocksOf(host).length === 2);
  return { site, one, two };
}

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, looked at field by field
export type Answer = any;

/** Asks the host's metadata. */
export function ask(host: StoreHost, path: string, options: CallOptions = {}): Promise<Answer> {
  return callJson(host.root.metadataSocket, path, options);
}

export function send(
  host: StoreHost,
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer> {
  return ask(host, path, { method, ...(body === undefined ? {} : { body }) });
}

export async function see(host: StoreHost, names: string): Promise<void> {
  await until(
    30_000,
    `${host.name} sees ${names}, not ${containersOf(host)}`,
    () => containersOf(host).join() === names,
  );
}
