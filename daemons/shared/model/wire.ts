// Pure: the lines of the watch (metadata to its readers) and of the records channel (sources to metadata), NDJSON both.
import { SuiteError } from './errors.ts';
import { type Key, type Kind, kinds, type SnapshotObject, type SourceRecord } from './objects.ts';

export const protocolVersion = 1;
/** A peer that has sent nothing for this long is gone. */
export const silenceMs = 15_000;
export const heartbeatMs = 5_000;
/** One line at most; a longer one ends the connection. */
export const maxLineBytes = 4 * 1024 * 1024;

/** metadata → reader. Objects one a line after hello until synced, then batches, one a revision. */
export type WatchLine =
  | {
      readonly hello: {
        readonly proto: number;
        readonly epoch: string;
        readonly revision: number;
        readonly hostId: string;
      };
    }
  | { readonly put: SnapshotObject }
  | { readonly synced: { readonly revision: number; readonly complete: boolean } }
  | { readonly batch: WatchBatch }
  | { readonly beat: { readonly revision: number; readonly complete: boolean } };

export interface WatchBatch {
  readonly revision: number;
  readonly complete: boolean;
  readonly put: readonly SnapshotObject[];
  readonly drop: readonly Key[];
}

/** source → metadata: hello, the full set one a line, synced, then batches. `seq` counts up from 1 (synced). */
export type SourceLine =
  | { readonly hello: { readonly proto: number; readonly source: string } }
  | { readonly put: SourceRecord }
  | { readonly synced: { readonly seq: number } }
  | { readonly batch: { readonly seq: number; readonly put: readonly SourceRecord[]; readonly drop: readonly Key[] } }
  | { readonly beat: Record<string, never> };

/** metadata → source. A refused record is left out; the rest of its batch counts. */
export type SourceReply =
  | { readonly hello: { readonly proto: number; readonly epoch: string; readonly hostId: string } }
  | { readonly ack: { readonly seq: number; readonly revision: number; readonly refused: readonly Refusal[] } }
  | { readonly beat: Record<string, never> };

export interface Refusal {
  readonly key: string;
  readonly code: string;
  readonly reason: string;
}

export function renderLine(line: WatchLine | SourceLine | SourceReply): string {
  return `${JSON.stringify(line)}\n`;
}

/** Parses one line into an object with one of the allowed members; anything else is a PROTOCOL error. */
export function parseLine<T>(text: string, members: readonly string[]): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SuiteError('PROTOCOL', 'read a line that is not JSON', { cause });
  }
  if (typeof value !== 'object' || value === null || !members.some((member) => member in value)) {
    throw new SuiteError('PROTOCOL', `read a line without any of ${members.join(', ')}`);
  }
  return value as T;
}

export const watchMembers = ['hello', 'put', 'synced', 'batch', 'beat'] as const;
export const sourceMembers = watchMembers;
export const replyMembers = ['hello', 'ack', 'beat'] as const;

/** Parses `kinds=a,b`; undefined names all. */
export function parseKinds(text: string | undefined): readonly Kind[] {
  if (text === undefined || text === '') return kinds;
  const wanted = text.split(',');
  const unknown = wanted.find((kind) => !(kinds as readonly string[]).includes(kind));
  if (unknown !== undefined) {
    throw new SuiteError('USAGE', `watch kind ${JSON.stringify(unknown)}`, {
      hint: `known kinds: ${kinds.join(', ')}`,
    });
  }
  return wanted as Kind[];
}
