// Writes keys that a store does not hold yet, and leaves those that it holds as they are.
import type { Compare, Operation, TransactionResult } from '../../shared/effects/etcd.ts';

export interface WrittenCount {
  readonly written: number;
  readonly kept: number;
}

export type Transact = (
  when: readonly Compare[],
  then: readonly Operation[],
  read: readonly string[],
) => Promise<TransactionResult>;

const most = { keys: 50, characters: 512 * 1024 };

export async function writeAbsent(
  entries: readonly (readonly [string, string])[],
  transact: Transact,
): Promise<WrittenCount> {
  let [written, kept] = [0, 0];
  for (const slice of slices(entries)) {
    const whole = await writeAll(slice, transact);
    if (whole) written += slice.length;
    else {
      for (const one of slice) {
        if (await writeAll([one], transact)) written += 1;
        else kept += 1;
      }
    }
  }
  return { written, kept };
}

async function writeAll(slice: readonly (readonly [string, string])[], transact: Transact): Promise<boolean> {
  const when = slice.map(([key]) => ({ key, created: 0 }));
  const then = slice.map(([key, value]) => ({ put: key, value }));
  return (await transact(when, then, [])).done;
}

function* slices(entries: readonly (readonly [string, string])[]): Generator<(readonly [string, string])[]> {
  let slice: (readonly [string, string])[] = [];
  let size = 0;
  for (const entry of entries) {
    if (slice.length > 0 && (slice.length >= most.keys || size + entry[1].length > most.characters)) {
      yield slice;
      slice = [];
      size = 0;
    }
    slice.push(entry);
    size += entry[1].length;
  }
  if (slice.length > 0) yield slice;
}
