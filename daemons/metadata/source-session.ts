// One connection of a source: hello, the full set, synced, then batches. What it says counts from `synced` on.
import { SuiteError } from '../shared/model/errors.ts';
import { type Key, keyOf, kinds, type SourceRecord } from '../shared/model/objects.ts';
import { parseRecord } from '../shared/model/parse-record.ts';
import { splitKey } from '../shared/model/snapshot.ts';
import { heartbeatMs, protocolVersion, type Refusal, renderLine, type SourceLine } from '../shared/model/wire.ts';
import { FullSet } from './full-set.ts';
import { sameRecord } from './ledger.ts';
import { SharedTexts } from './shared-texts.ts';
import { defaultMaxRecords, type State, type Taken } from './state.ts';

/** Larger ones would not fit into the lines on which they travel on. */
const maxRecordLength = 256 * 1024;
/** Refusals named in one acknowledgement; the counter has them all. */
const maxNamedRefusals = 100;

export interface SessionOptions {
  readonly state: State;
  readonly send: (text: string) => void;
  readonly onSource: (source: string) => void;
  readonly onRefused: (count: number) => void;
}

export class SourceSession {
  source: string | undefined;
  readonly #options: SessionOptions;
  readonly #texts = new SharedTexts();
  #opening: FullSet | undefined;
  #refusals: Refusal[] = [];
  #refused = 0;
  #beat: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Takes one line. Throws PROTOCOL for one that is out of place. */
  take(line: SourceLine): void {
    if ('hello' in line) this.#hello(line.hello);
    else if (this.source === undefined) throw new SuiteError('PROTOCOL', 'read a line before hello');
    else if ('put' in line) this.#put(line.put);
    else if ('synced' in line) this.#sync(seqOf(line.synced));
    else if ('batch' in line) this.#batch(line.batch);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#beat);
  }

  #hello(hello: unknown): void {
    const { proto, source } = (hello ?? {}) as { proto?: unknown; source?: unknown };
    if (this.source !== undefined) throw new SuiteError('PROTOCOL', 'read a second hello');
    if (typeof source !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(source)) {
      throw new SuiteError('PROTOCOL', 'read a hello without the name of a source');
    }
    const { epoch, snapshot } = this.#options.state;
    this.#options.send(renderLine({ hello: { proto: protocolVersion, epoch, hostId: snapshot.hostId } }));
    if (proto !== protocolVersion) throw new SuiteError('PROTOCOL', `speak records protocol ${String(proto)}`);
    this.source = source;
    this.#opening = new FullSet();
    this.#options.onSource(source);
    this.#beat = setInterval(() => this.#options.send(renderLine({ beat: {} })), heartbeatMs).unref();
  }

  #put(value: unknown): void {
    if (!this.#opening) throw new SuiteError('PROTOCOL', 'read a put after synced');
    const record = this.#check(value);
    if (!record) return;
    if (this.#opening.size >= defaultMaxRecords && !this.#opening.has(keyOf(record))) {
      this.#refuse(keyOf(record), tooMany());
      return;
    }
    // Compared now, a line at a time, and not for all of them at once when the set is whole.
    const before = this.#options.state.said(this.source!, record);
    this.#opening.add(before && sameRecord(before, record) ? before : record);
  }

  #sync(seq: number): void {
    if (!this.#opening) throw new SuiteError('PROTOCOL', 'read a second synced');
    const set = this.#opening;
    this.#opening = undefined;
    void this.#options.state.replace(this.source!, set).then(this.#acknowledge(seq));
  }

  #batch(batch: unknown): void {
    if (this.#opening) throw new SuiteError('PROTOCOL', 'read a batch before synced');
    const { put, drop } = (batch ?? {}) as { put?: unknown; drop?: unknown };
    if (!Array.isArray(put) || !Array.isArray(drop))
      throw new SuiteError('PROTOCOL', 'read a batch without put or drop');
    const seq = seqOf(batch);
    const { state } = this.#options;
    const accepted = put.flatMap((value) => this.#check(value) ?? []);
    void state.change(this.source!, accepted, drop.filter(isKey)).then(this.#acknowledge(seq));
  }

  #check(value: unknown): SourceRecord | undefined {
    try {
      const record = parseRecord(value, this.#texts.share);
      if (JSON.stringify(record).length <= maxRecordLength) return record;
      this.#refuse(
        keyOf(record),
        new SuiteError('RECORD_INVALID', `read a record of more than ${maxRecordLength} characters`),
      );
    } catch (error) {
      const { kind, id } = (value ?? {}) as { kind?: unknown; id?: unknown };
      this.#refuse(`${String(kind).slice(0, 32)}/${String(id).slice(0, 64)}`, error as Error);
    }
    return undefined;
  }

  #refuse(key: string, error: Error): void {
    this.#refused += 1;
    const code = error instanceof SuiteError ? error.code : 'RECORD_INVALID';
    if (this.#refusals.length < maxNamedRefusals)
      this.#refusals.push({ key, code, reason: error.message.slice(0, 300) });
  }

  /** Refusals belong to the line that they came with, so they are taken out now and told with its acknowledgement. */
  #acknowledge(seq: number): (taken: Taken) => void {
    const [named, count] = [this.#refusals, this.#refused];
    this.#refusals = [];
    this.#refused = 0;
    return ({ revision, overflow }) => {
      if (count + overflow.length > 0) this.#options.onRefused(count + overflow.length);
      if (this.#closed) return;
      const { code, message: reason } = tooMany();
      const more = overflow.slice(0, maxNamedRefusals - named.length).map((key) => ({ key, code, reason }));
      this.#options.send(renderLine({ ack: { seq, revision, refused: [...named, ...more] } }));
    };
  }
}

function tooMany(): SuiteError {
  return new SuiteError('RECORD_INVALID', 'read more records of one source than there is room for');
}

function seqOf(value: unknown): number {
  const { seq } = (value ?? {}) as { seq?: unknown };
  if (!Number.isSafeInteger(seq)) throw new SuiteError('PROTOCOL', 'read a line without its number');
  return seq as number;
}

function isKey(value: unknown): value is Key {
  return typeof value === 'string' && (kinds as readonly string[]).includes(splitKey(value as Key).kind);
}
