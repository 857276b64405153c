// Pure: how long to wait before the next try: 200 ms, doubling, at most 5 s, 20 % jitter, for ever.

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

const usual: BackoffOptions = { firstMs: 200, maxMs: 5_000 };

/** Delay in ms before try number `failures` (1 after the first failure); `random` in [0, 1). */
export function backoffMs(failures: number, random: number, options: BackoffOptions = usual): number {
  const plain = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(plain * (0.8 + 0.4 * random));
}
