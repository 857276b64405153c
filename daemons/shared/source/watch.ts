// The reader's end of metadata's watch: keeps a snapshot, whole and then by changes, and connects again for ever.
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { silenceLimitMs } from '../effects/patience.ts';
import { SuiteError } from '../model/errors.ts';
import { LineCutter } from '../model/lines.ts';
import { type Key, type Kind, keyOf, kinds, type SnapshotObject } from '../model/objects.ts';
import { type Change, changeBetween, isEmptyChange, objectsOf, Snapshot } from '../model/snapshot.ts';
import { parseLine, protocolVersion, type WatchLine, watchMembers } from '../model/wire.ts';
import { backoffMs } from '../reconcile/backoff.ts';

export interface WatchOptions {
  readonly socketPath: string;
  readonly kinds?: readonly Kind[];
  /** What is kept of an object, for a reader that needs little of each and sees many. */
  readonly trim?: (object: SnapshotObject) => SnapshotObject;
  /** Called with each new snapshot and what changed since the last one; also when only `complete` changed. */
  readonly onSnapshot: (snapshot: Snapshot, change: Change) => void;
  /** Called when the connection comes (undefined) or goes (why). The last snapshot stays valid but stale. */
  readonly onState: (fault: SuiteError | undefined) => void;
}

export interface Watch {
  close(): void;
}

/** Opens the watch; the last snapshot survives reconnections, whose full set is compared with it. */
export function watchSnapshot(options: WatchOptions): Watch {
  const wanted = options.kinds ?? kinds;
  let snapshot: Snapshot | undefined;
  let failures = 0;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let current: ClientRequest | undefined;

  const take = (next: Snapshot, change: Change): void => {
    const sameHost = snapshot?.hostId === next.hostId;
    const same = sameHost && isEmptyChange(change) && snapshot?.complete === next.complete;
    snapshot = next;
    if (!same) options.onSnapshot(next, change);
  };
  const connect = (): void => {
    const reader = new WatchReader(
      wanted,
      options.trim,
      () => snapshot,
      take,
      () => {
        failures = 0;
        options.onState(undefined);
      },
    );
    current = openStream(options.socketPath, wanted, reader, (fault) => {
      if (closed) return;
      failures += 1;
      if (failures === 1) options.onState(fault);
      timer = setTimeout(connect, backoffMs(failures, Math.random()));
    });
  };
  connect();
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      current?.destroy();
    },
  };
}

/** One connection's lines, put together. */
class WatchReader {
  readonly #wanted: readonly Kind[];
  readonly #trim: WatchOptions['trim'];
  readonly #last: () => Snapshot | undefined;
  readonly #take: (snapshot: Snapshot, change: Change) => void;
  readonly #up: () => void;
  readonly #opening = new Map<Key, SnapshotObject>();
  #hostId: string | undefined;
  #synced = false;

  constructor(
    wanted: readonly Kind[],
    trim: WatchOptions['trim'],
    last: () => Snapshot | undefined,
    take: (snapshot: Snapshot, change: Change) => void,
    up: () => void,
  ) {
    this.#wanted = wanted;
    this.#trim = trim;
    this.#last = last;
    this.#take = take;
    this.#up = up;
  }

  read(text: string): void {
    const line = parseLine<WatchLine>(text, watchMembers);
    if ('hello' in line) this.#hello(line.hello);
    else if ('put' in line) this.#opening.set(keyOf(line.put), this.#trimmed(line.put));
    else if ('synced' in line) this.#sync(line.synced);
    else if ('batch' in line)
      this.#step(this.#trim ? { ...line.batch, put: line.batch.put.map(this.#trim) } : line.batch, line.batch);
    else this.#step({ put: [], drop: [] }, line.beat);
  }

  #trimmed(object: SnapshotObject): SnapshotObject {
    return this.#trim ? this.#trim(object) : object;
  }

  #hello(hello: { proto: number; hostId: string }): void {
    if (hello.proto !== protocolVersion) throw new SuiteError('PROTOCOL', `speak watch protocol ${hello.proto}`);
    this.#hostId = hello.hostId;
  }

  #sync(to: { revision: number; complete: boolean }): void {
    if (this.#hostId === undefined) throw new SuiteError('PROTOCOL', 'read synced before hello');
    const last = this.#last();
    // A change of host is told as such too: the readers' `have` is the last snapshot, whoever it came from.
    const known = last ? objectsOf(last, this.#wanted) : [];
    const change = changeBetween(new Map([...known].map((object) => [keyOf(object), object] as const)), this.#opening);
    const base = last?.hostId === this.#hostId ? last : Snapshot.empty(this.#hostId);
    const whole = base === last ? change : { put: [...this.#opening.values()], drop: [] };
    this.#opening.clear();
    this.#synced = true;
    this.#up();
    this.#take(base.apply(whole, to), change);
  }

  #step(change: Change, to: { revision: number; complete: boolean }): void {
    const last = this.#last();
    if (!this.#synced || !last) return;
    this.#take(last.apply(change, to), change);
  }
}

function openStream(
  socketPath: string,
  wanted: readonly Kind[],
  reader: WatchReader,
  lost: (fault: SuiteError) => void,
): ClientRequest {
  let over = false;
  const end = (cause: unknown): void => {
    if (over) return;
    over = true;
    outgoing.destroy();
    const known = cause instanceof SuiteError ? cause : undefined;
    lost(
      known ?? new SuiteError('NOT_RUNNING', `watch metadata on ${socketPath}: ${(cause as Error).message}`, { cause }),
    );
  };
  const outgoing = request({ socketPath, path: `/v1/watch?kinds=${wanted.join(',')}`, agent: false }, (incoming) => {
    if (incoming.statusCode !== 200)
      return end(new SuiteError('NOT_READY', `watch metadata: answered ${incoming.statusCode}`));
    follow(incoming, reader, end);
  });
  outgoing.setTimeout(silenceLimitMs, () =>
    end(new SuiteError('DEADLINE', `watch metadata: silent for ${silenceLimitMs} ms`)),
  );
  outgoing.on('error', end);
  outgoing.end();
  return outgoing;
}

function follow(incoming: IncomingMessage, reader: WatchReader, end: (cause: unknown) => void): void {
  const cutter = new LineCutter();
  incoming.on('data', (chunk: Buffer) => {
    try {
      for (const line of cutter.push(chunk)) reader.read(line);
    } catch (error) {
      end(error);
    }
  });
  incoming.on('error', end);
  incoming.on('end', () => end(new SuiteError('NOT_RUNNING', 'watch metadata: it closed the stream')));
}
