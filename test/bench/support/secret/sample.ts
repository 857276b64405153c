// Pure: what is measured of a driver, and how it is shown.
import { median } from '../../figures.ts';

/** One transfer. */
export interface Sample {
  readonly mbitPerSecond: number;
  /** Of all processors of the machine, so of both hosts, both containers and the programs that send and receive. */
  readonly processorSecondsPerGbit: number;
}

/** A table of medians; ratios are to the first driver. */
export function renderSamples(samples: Readonly<Record<string, readonly Sample[]>>): string {
  const rows = Object.entries(samples).map(([driver, runs]) => {
    const rates = runs.map(({ mbitPerSecond }) => mbitPerSecond);
    return {
      driver,
      rate: median(rates),
      span: `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`,
      cost: median(runs.map(({ processorSecondsPerGbit }) => processorSecondsPerGbit)),
    };
  });
  const first = rows[0];
  const lines = rows.map(({ driver, rate, span, cost }) => {
    const ratios = first ? [rate / first.rate, cost / first.cost] : [];
    const cells = [rate.toFixed(0), span, ratios[0]?.toFixed(2), cost.toFixed(2), ratios[1]?.toFixed(2)];
    return `| ${driver} | ${cells.join(' | ')} |`;
  });
  return [
    '| driver | Mbit/s, median | range | ratio | processor seconds a Gbit, median | ratio |',
    '|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}
