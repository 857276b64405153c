// What the IPsec driver left: charon, the rules to charon's routes, its folder. charon is ended first of all that is removed.
import { rmSync } from 'node:fs';
import { run } from '../../shared/effects/command.ts';
import { listFiles } from '../../shared/effects/files.ts';
import { endProcess, findLockHolder, type ProcessId } from '../../shared/effects/processes.ts';
import type { Family } from '../../shared/model/ip.ts';
import { charonPlaces, charonTable } from '../../shared/model/ipsec.ts';
import type { Paths } from '../../shared/model/paths.ts';

export interface IpsecFindings {
  readonly charon: ProcessId | undefined;
  /** Families with a rule that leads to the table of charon's routes; one that was killed leaves it. */
  readonly ruled: readonly Family[];
  readonly folder: string | undefined;
}

const endMs = 5_000;

/** @param isLikely a host that never had such a network is not asked for rules */
export async function findIpsec(paths: Pick<Paths, 'run'>, isLikely: boolean): Promise<IpsecFindings> {
  const places = charonPlaces(paths.run);
  const folder = listFiles(places.dir).length > 0 ? places.dir : undefined;
  const ruled = isLikely || folder !== undefined ? await findRules() : [];
  return { charon: findLockHolder(places.lock), ruled, folder };
}

export function describeIpsec({ charon, ruled, folder }: IpsecFindings): string[] {
  return [
    ...(charon ? [`process: charon (${charon.pid})`] : []),
    ...ruled.map((family) => `rule to the routing table ${charonTable}${family === 6 ? ' (IPv6)' : ''}`),
    ...(folder === undefined ? [] : [`folder: ${folder}`]),
  ];
}

export async function removeCharon({ charon, ruled, folder }: IpsecFindings): Promise<void> {
  if (charon) await endProcess(charon, endMs);
  const left = ruled.length > 0 ? await findRules() : []; // charon removes its own when it ends in peace
  for (const family of left) await run('ip', [`-${family}`, 'rule', 'del', 'priority', String(charonTable)]);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

async function findRules(): Promise<Family[]> {
  const found: Family[] = [];
  for (const family of [4, 6] as const) {
    const { stdout } = await run('ip', [`-${family}`, 'rule', 'show', 'priority', String(charonTable)]);
    if (new RegExp(`lookup ${charonTable}\\b`).test(stdout)) found.push(family);
  }
  return found;
}
