// Hostile bytes in place of charon's: each is read or is a coded error, soon, whatever was cut, turned or repeated.
import t from 'tap';
import { parseConnections, parseSas } from '../../daemons/overlay/ipsec/parse-sas.ts';
import { reasonOf } from '../../daemons/overlay/ipsec/reasons.ts';
import { decodePacket, encodePacket, PacketReader, type ViciInput } from '../../daemons/overlay/ipsec/vici-codec.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import { seeded } from '../unit/cni-plugins/support/hostile-inputs.ts';

const seconds = Number(process.env.CORRAL_FUZZ_SECONDS ?? 10);
const seed = Number(process.env.CORRAL_FUZZ_SEED ?? Date.now() % 2 ** 32);
const mostMs = 100;

const sa: ViciInput = {
  'corral-x': {
    uniqueid: 1,
    state: 'ESTABLISHED',
    established: 5,
    'child-sas': { 'c-1': { name: 'c', uniqueid: 2, state: 'INSTALLED', 'local-ts': ['10.42.1.0/24'], 'bytes-in': 9 } },
  },
};
const good = [
  encodePacket('event', 'list-sa', sa),
  encodePacket('event', 'log', { msg: 'received AUTHENTICATION_FAILED notify error', 'ikesa-name': 'corral-x' }),
  encodePacket('response', '', { success: true, keys: ['a', 'b'] }),
  encodePacket('confirm', ''),
];

t.test(`hostile packets for ${seconds} s, CORRAL_FUZZ_SEED=${seed}`, { timeout: (seconds + 60) * 1_000 }, async (t) => {
  const below = seeded(seed);
  const end = performance.now() + seconds * 1_000;
  let count = 0;
  let read = 0;
  let slowest = 0;
  for (; performance.now() < end; count += 1) {
    const bytes = spoil(Buffer.concat([good[below(good.length)]!, good[below(good.length)]!]), below);
    const cut = below(bytes.length + 1);
    try {
      const began = performance.now();
      read += readAll(bytes, cut);
      // On a busy machine anything may take long once.
      if (performance.now() - began > mostMs) slowest = Math.max(slowest, msToReadAgain(bytes, cut));
    } catch (error) {
      t.fail(`packet ${count}: ${error}`, { bytes: bytes.toString('hex').slice(0, 4_000) });
      break;
    }
  }
  t.comment(`${count} streams, ${read} packets read`);
  t.ok(read > 100, 'some were still packets');
  t.ok(slowest < mostMs, `the slowest took ${Math.round(slowest)} ms`);
});

/** How many packets were read. */
function readAll(bytes: Buffer, cut: number): number {
  let read = 0;
  try {
    const reader = new PacketReader();
    for (const body of [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))]) {
      const { message } = decodePacket(body);
      parseSas([message]);
      parseConnections([message]);
      reasonOf(message);
      read += 1;
    }
  } catch (error) {
    if (!(error instanceof SuiteError && error.code === 'PROTOCOL')) throw error;
  }
  return read;
}

function msToReadAgain(bytes: Buffer, cut: number): number {
  const times = [1, 2, 3].map(() => {
    const began = performance.now();
    readAll(bytes, cut);
    return performance.now() - began;
  });
  return Math.min(...times);
}

/** Turns bits, cuts, repeats or puts bytes in, up to three times. */
function spoil(bytes: Buffer, below: (most: number) => number): Buffer {
  let now = Buffer.from(bytes);
  for (let times = below(4); times > 0; times -= 1) {
    const at = below(now.length + 1);
    const kind = below(4);
    if (kind === 0 && at < now.length) now[at] = below(256);
    else if (kind === 1) now = now.subarray(0, at);
    else if (kind === 2) now = Buffer.concat([now.subarray(0, at), now.subarray(below(now.length + 1))]);
    else now = Buffer.concat([now.subarray(0, at), Buffer.of(below(8), below(256)), now.subarray(at)]);
  }
  return now;
}
