// Malformed DNS messages of every manner, the same ones for the same seed: random bytes, cut ones, pointer loops, huge counts,
// options that do not fit, wrong lengths.

/** A small generator of numbers (mulberry32): repeatable, and good enough for this. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const name = Buffer.from('\x02c1\x07rancher\x08internal\x00', 'latin1');
const header = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
const sound = Buffer.concat([Buffer.from(header), name, Buffer.from([0, 1, 0, 1])]);

type Pick = (below: number) => number;

const makers: readonly ((pick: Pick) => Buffer)[] = [
  (pick) => bytesOf(pick, pick(600)),
  (pick) => sound.subarray(0, pick(sound.length)),
  (pick) => pointers(pick),
  (pick) => changed((bytes) => bytes.writeUInt16BE(2 + pick(0xfffe), 4 + 2 * pick(4))),
  // A label of a kind that there is not, or longer than what follows.
  (pick) => changed((bytes) => (bytes[[12, 15, 23][pick(3)]!] = 30 + pick(226))),
  (pick) => Buffer.concat([changed((bytes) => (bytes[11] = 1 + pick(3))), options(pick)]),
  (pick) => Buffer.concat([sound, bytesOf(pick, 1 + pick(4_500))]),
  // A reply, or a kind of message that is not answered, or one that says it is cut.
  (pick) => changed((bytes) => (bytes[2] = 2 + pick(254))),
];

function changed(change: (bytes: Buffer) => unknown): Buffer {
  const bytes = Buffer.from(sound);
  change(bytes);
  return bytes;
}

function bytesOf(pick: Pick, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => pick(256)));
}

/** A name of pointers: to itself, forward, backward into the header, in a circle. */
function pointers(pick: Pick): Buffer {
  const links = Array.from({ length: 1 + pick(20) }, () => [0xc0 | pick(2), pick(64)]).flat();
  return Buffer.from([...header, ...links, 0, 1, 0, 1]);
}

function options(pick: Pick): Buffer {
  const fields = [0, 0, 41, pick(256), pick(256), pick(2), pick(3), 0, 0, pick(2), pick(40)];
  return Buffer.concat([Buffer.from(fields), bytesOf(pick, pick(30))]);
}

/** One message; a few of them are sound by accident. */
export function malformed(pick: Pick): Buffer {
  return makers[pick(makers.length)]!(pick);
}
