// Goes on, in short turns, with the version that a large change left for later: whoever asks for it before the end waits once.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from './catalog.ts';

/** About 2 ms of work. */
const turnObjects = 500;
const pauseMs = 5;

export async function countVersion(catalog: Pick<Catalog, 'countVersion'>): Promise<void> {
  while (!catalog.countVersion(turnObjects)) await sleep(pauseMs);
}
