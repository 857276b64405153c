// `npm run bench -- NAME`: measures and prints; asserts nothing. Figures that are published stand in docs/measurements.md.
import { readdirSync } from 'node:fs';

export interface Bench {
  readonly describe: string;
  /** Prints its figures on the standard output. */
  run(): Promise<void>;
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''));
const [name = ''] = process.argv.slice(2);

if (names.includes(name)) {
  const bench: Bench = (await import(`./${name}.bench.ts`)).default;
  console.log(bench.describe);
  await bench.run();
} else {
  console.error(`usage: npm run bench -- ${names.join(' | ')}`);
  process.exitCode = 2;
}
