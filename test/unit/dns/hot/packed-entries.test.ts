import t from 'tap';
import type { HotEntry } from '../../../../daemons/dns/hot/hot-cache.ts';
import { packEntries, unpackEntries } from '../../../../daemons/dns/hot/packed-entries.ts';

const plain: HotEntry = {
  question: Uint8Array.of(1, 97, 0, 0, 1, 0, 1),
  flags: 0x8580,
  counts: Uint8Array.of(0, 1, 0, 0, 0, 0),
  tails: [Uint8Array.of(1, 2, 3)],
  ttls: [],
  view: 0,
  variant: 1,
  shared: true,
  marks: ['a'],
  seconds: Number.POSITIVE_INFINITY,
  label: 0,
};
const rich: HotEntry = {
  ...plain,
  question: Uint8Array.of(0, 0, 28, 0, 1),
  flags: 0x8183,
  tails: [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(3, 4, 1, 2)],
  ttls: [6, 1_022],
  view: 3_000_000_000,
  variant: 31,
  shared: false,
  marks: ['b', '+c', '@167772161'],
  seconds: 8.5,
  label: 239,
};

function travelled(entries: readonly HotEntry[]): HotEntry[] {
  const packed = packEntries(entries);
  const there = structuredClone(packed, { transfer: [packed.heads.buffer, packed.bytes.buffer] as ArrayBuffer[] });
  const taken: HotEntry[] = [];
  unpackEntries(there, (entry) => taken.push(entry));
  return taken;
}

t.test('entries arrive as they were sent', async (t) => {
  for (const entries of [[], [plain], [rich], [plain, rich, { ...plain, marks: [] }, rich]]) {
    t.same(travelled(entries), entries);
  }
});

t.test('their arrays are their own', async (t) => {
  const [one, two] = travelled([plain, plain]);
  one!.tails[0]!.fill(9);
  t.same(two!.tails[0], plain.tails[0]);
});
