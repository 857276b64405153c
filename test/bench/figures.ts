// Pure: figures of repeated runs.

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length === 0 ? Number.NaN : (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}

/** `median 41 ms (38 to 60, 20 runs)`. */
export function renderFigures(values: readonly number[], unit: string, digits = 0): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const shown = [median(values), low, high].map((value) => value.toFixed(digits));
  return `median ${shown[0]} ${unit} (${shown[1]} to ${shown[2]}, ${values.length} runs)`;
}
