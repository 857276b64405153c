// Numbers and times for people. Pure.

/**
 * The two largest units: `3d 4h`, `12m 5s`.
 * @param {number} ms
 */
export function duration(ms) {
  const whole = Math.max(0, Math.floor(ms / 1_000));
  /** @type {[number, string][]} */
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}

/** @param {number | null} ms */
export function latency(ms) {
  if (ms === null) return '–';
  return ms < 10 ? `${ms.toFixed(2)} ms` : `${Math.round(ms)} ms`;
}

/** @param {number | null} bytes */
export function megabytes(bytes) {
  return bytes === null ? '–' : `${Math.round(bytes / 1e6)} MB`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/**
 * `22:41:03`, with the day when that is another one.
 * @param {number} time ms since the epoch
 * @param {number} now
 */
export function clock(time, now) {
  const [then, today] = [new Date(time), new Date(now)];
  const text = then.toLocaleTimeString('en-GB');
  return then.toDateString() === today.toDateString() ? text : `${then.toLocaleDateString('en-CA')} ${text}`;
}
