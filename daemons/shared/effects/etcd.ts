// The only importer of etcd3, which is loaded when a store on etcd is opened and never else. One link is one connection to one
// member, without the package's own retries and breakers: any error ends it, and its user lists again over a new one, so that
// nothing is ever missed. Every call has a deadline.
import type { Etcd3, IDuplexStream, IKeyValue, IOptions, IRequestOp, IWatchRequest, IWatchResponse } from 'etcd3';
import { SuiteError } from '../model/errors.ts';
import { readText } from './files.ts';
import { patience } from './patience.ts';

export interface EtcdOptions {
  /** `http://192.0.2.1:2379`; https needs `tls` unless the system's authorities know the member. */
  readonly endpoint: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: EtcdTls | undefined;
  /** Deadline of each call, ms. */
  readonly callMs?: number;
}

/** Paths of PEM files. */
export interface EtcdTls {
  readonly ca: string;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** Revision at which the key was created; lower is older. */
  readonly created: number;
  readonly modified: number;
}

export type Compare =
  /** Create revision; 0: the key is absent. */
  | { readonly key: string; readonly created: number }
  | { readonly key: string; readonly modified: number }
  | { readonly key: string; readonly value: string };

export type Operation =
  | { readonly put: string; readonly value: string; readonly lease?: string }
  | { readonly drop: string }
  | { readonly dropBelow: string };

export interface TransactionResult {
  readonly done: boolean;
  readonly revision: number;
  /** The keys asked for in `read`, as far as they exist, if the comparison failed. */
  readonly found: readonly KeyValue[];
}

export type EtcdEvent =
  | { readonly put: KeyValue }
  | {
      readonly drop: string;
      readonly modified: number;
    };

export interface WatchHandlers {
  /** All changes of one or more whole revisions. */
  readonly onEvents: (events: readonly EtcdEvent[], revision: number) => void;
  /** The watch is over, whatever the reason; never called after `close`. */
  readonly onEnd: (error: Error) => void;
}

export interface EtcdLink {
  /** Pages of all keys below the prefix, at one revision. */
  list(prefix: string): AsyncGenerator<{ readonly revision: number; readonly items: readonly KeyValue[] }>;
  /** All comparisons hold: `then` is done whole. Otherwise nothing is, and `read` is read. */
  transact(when: readonly Compare[], then: readonly Operation[], read?: readonly string[]): Promise<TransactionResult>;
  watch(prefix: string, fromRevision: number, handlers: WatchHandlers): Promise<void>;
  grantLease(seconds: number): Promise<string>;
  /** Prolongs a lease; false if it is gone. */
  keepAlive(lease: string): Promise<boolean>;
  close(): void;
}

const usualCallMs = 3_000 * patience;
const pageKeys = 500;
/** Values of other hosts may be as large as etcd takes (1.5 MiB); a page that does not fit is asked for in smaller ones. */
const maxMessageBytes = 64 * 1024 * 1024;

/** A link to a member; no call is made yet. */
export async function openEtcd(options: EtcdOptions): Promise<EtcdLink> {
  const { Etcd3: Client } = await import('etcd3');
  return new Link(new Client(clientOptions(options)), options.callMs ?? usualCallMs, options.endpoint);
}

function clientOptions({ endpoint, user, password, tls, callMs = usualCallMs }: EtcdOptions): IOptions {
  const deadline = (): { deadline: number } => ({ deadline: Date.now() + callMs });
  const plainly = { execute: async (work: (context: object) => unknown) => work({}) } as never;
  return {
    hosts: [endpoint],
    defaultCallOptions: ({ isStream }) => (isStream ? {} : deadline()),
    ...(user !== undefined && { auth: { username: user, password: password ?? '', callOptions: deadline } }),
    ...(tls && {
      credentials: {
        rootCertificate: bytesOf(tls.ca),
        ...(tls.cert !== undefined && { certChain: bytesOf(tls.cert) }),
        ...(tls.key !== undefined && { privateKey: bytesOf(tls.key) }),
      },
    }),
    grpcOptions: {
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.initial_reconnect_backoff_ms': 1_000,
      'grpc.enable_retries': 0,
    },
    faultHandling: { host: () => plainly, global: plainly },
  };
}

function bytesOf(path: string): Buffer {
  return Buffer.from(readText(path));
}

class Link implements EtcdLink {
  readonly #client: Etcd3;
  readonly #callMs: number;
  readonly #endpoint: string;
  readonly #streams = new Set<{ cancel(): void }>();
  #closed = false;

  constructor(client: Etcd3, callMs: number, endpoint: string) {
    this.#client = client;
    this.#callMs = callMs;
    this.#endpoint = endpoint;
  }

  async *list(prefix: string): AsyncGenerator<{ revision: number; items: readonly KeyValue[] }> {
    const end = endOf(prefix);
    let key = Buffer.from(prefix);
    let revision = 0;
    for (let limit = pageKeys; ; ) {
      const request = { key, range_end: end, limit, revision };
      const page = await this.#call(`list ${prefix}`, this.#client.kv.range(request)).catch((error: Error) => {
        if (limit === 1 || !/larger than max/.test(error.message)) throw error;
        return undefined;
      });
      if (!page) {
        limit = Math.max(1, limit >> 2);
        continue;
      }
      revision = Number(page.header.revision);
      yield { revision, items: page.kvs.map(keyValue) };
      const last = page.kvs.at(-1);
      if (!page.more || !last) return;
      key = Buffer.concat([last.key, Buffer.of(0)]);
    }
  }

  async transact(
    when: readonly Compare[],
    then: readonly Operation[],
    read: readonly string[] = [],
  ): Promise<TransactionResult> {
    const request = {
      compare: when.map(compareOf),
      success: then.map(operationOf),
      failure: read.map((key): IRequestOp => ({ request_range: { key: Buffer.from(key) } })),
    };
    const result = await this.#call('write', this.#client.kv.txn(request));
    const found = result.succeeded ? [] : result.responses.flatMap(({ response_range }) => response_range?.kvs ?? []);
    return { done: result.succeeded, revision: Number(result.header.revision), found: found.map(keyValue) };
  }

  async watch(prefix: string, fromRevision: number, { onEvents, onEnd }: WatchHandlers): Promise<void> {
    const stream = await this.#call('watch', this.#client.watchClient.watch());
    this.#streams.add(stream);
    const end = (error: Error): void => {
      if (!this.#streams.delete(stream)) return;
      stream.cancel();
      if (!this.#closed) onEnd(this.#coded('watch', error));
    };
    const ready = watching(stream, end, onEvents);
    stream.write({
      create_request: { key: Buffer.from(prefix), range_end: endOf(prefix), start_revision: fromRevision },
    });
    await this.#call('watch', ready);
  }

  async grantLease(seconds: number): Promise<string> {
    return (await this.#call('grant a lease', this.#client.leaseClient.leaseGrant({ TTL: seconds }))).ID;
  }

  async keepAlive(lease: string): Promise<boolean> {
    const stream = await this.#call('prolong a lease', this.#client.leaseClient.leaseKeepAlive());
    this.#streams.add(stream);
    try {
      const answered = new Promise<boolean>((resolve, reject) => {
        stream.on('data', ({ TTL }) => resolve(Number(TTL) > 0));
        stream.on('error', reject);
        stream.on('end', () => reject(new Error('the stream ended')));
      });
      stream.write({ ID: lease });
      return await this.#call('prolong a lease', answered);
    } finally {
      this.#streams.delete(stream);
      stream.end(); // cancelled instead, a member that speaks TLS would refuse the next call
    }
  }

  close(): void {
    this.#closed = true;
    for (const stream of this.#streams) stream.cancel();
    this.#streams.clear();
    this.#client.close();
  }

  /** The package's own deadlines do not cover the wait for a connection or for a stream. */
  async #call<T>(attempted: string, work: Promise<T>): Promise<T> {
    const ms = this.#callMs + 500;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms);
    });
    work.catch(() => undefined); // it may still fail after the deadline
    try {
      return await Promise.race([work, late]);
    } catch (error) {
      throw this.#coded(attempted, error as Error);
    } finally {
      clearTimeout(timer);
    }
  }

  #coded(attempted: string, error: Error): SuiteError {
    if (error instanceof SuiteError) return error;
    const reason = error.message.split('\n')[0]!.slice(0, 200);
    return new SuiteError('STORE_UNAVAILABLE', `${attempted} at ${this.#endpoint}: ${reason}`, { cause: error });
  }
}

/** Resolves when the member has taken the watch; its changes go to `onEvents`, its end to `end`. */
function watching(
  stream: IDuplexStream<IWatchRequest, IWatchResponse>,
  end: (error: Error) => void,
  onEvents: WatchHandlers['onEvents'],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = (error: Error): void => {
      reject(error);
      end(error);
    };
    stream.on('data', (response) => {
      if (response.canceled) {
        const compacted = Number(response.compact_revision) > 0;
        return over(new Error(compacted ? 'the revision is compacted' : response.cancel_reason || 'cancelled'));
      }
      if (response.created) resolve();
      const events = response.events.map(
        ({ type, kv }): EtcdEvent =>
          type === 'Put' || (type as string) === 'PUT'
            ? { put: keyValue(kv) }
            : { drop: kv.key.toString(), modified: Number(kv.mod_revision) },
      );
      if (events.length > 0) onEvents(events, Number(response.header.revision));
    });
    stream.on('error', over);
    stream.on('end', () => over(new Error('the stream ended')));
  });
}

function keyValue({ key, value, create_revision, mod_revision }: IKeyValue): KeyValue {
  return {
    key: key.toString(),
    value: value.toString(),
    created: Number(create_revision),
    modified: Number(mod_revision),
  };
}

function compareOf(one: Compare): object {
  const common = { key: Buffer.from(one.key), result: 'Equal' };
  if ('created' in one) return { ...common, target: 'Create', create_revision: one.created };
  if ('modified' in one) return { ...common, target: 'Mod', mod_revision: one.modified };
  return { ...common, target: 'Value', value: Buffer.from(one.value) };
}

function operationOf(one: Operation): IRequestOp {
  if ('drop' in one) return { request_delete_range: { key: Buffer.from(one.drop) } };
  if ('dropBelow' in one) {
    return { request_delete_range: { key: Buffer.from(one.dropBelow), range_end: endOf(one.dropBelow) } };
  }
  const lease = one.lease === undefined ? {} : { lease: one.lease };
  return { request_put: { key: Buffer.from(one.put), value: Buffer.from(one.value), ...lease } };
}

/** The first key after all that begin with the prefix, which ends with a slash. */
function endOf(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1]! += 1;
  return end;
}
