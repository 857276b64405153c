// What the IPsec driver left: charon, the policies that block, the rule to charon's routes, its folder. charon is ended first and
// the policies go last, so that nothing is sent in the clear in between.
import { rmSync } from 'node:fs';
import { run } from '../../shared/effects/command.ts';
import { listFiles } from '../../shared/effects/files.ts';
import { openXfrm, type XfrmPolicy } from '../../shared/effects/netlink/xfrm.ts';
import { endProcess, findLockHolder, type ProcessId } from '../../shared/effects/processes.ts';
import { hasCode } from '../../shared/model/errors.ts';
import { blockPriority, charonPlaces, charonTable } from '../../shared/model/ipsec.ts';
import type { Paths } from '../../shared/model/paths.ts';

export interface IpsecFindings {
  readonly charon: ProcessId | undefined;
  readonly policies: readonly XfrmPolicy[];
  /** Leads to the table of charon's routes; one that was killed leaves it. */
  readonly hasRule: boolean;
  readonly folder: string | undefined;
}

const endMs = 5_000;

export async function findIpsec(paths: Pick<Paths, 'run'>): Promise<IpsecFindings> {
  const places = charonPlaces(paths.run);
  const folder = listFiles(places.dir).length > 0 ? places.dir : undefined;
  const policies = await findPolicies();
  // A host that never had such a network is not asked for rules.
  const hasRule = (folder !== undefined || policies.length > 0) && (await findRule());
  return { charon: findLockHolder(places.lock), policies, hasRule, folder };
}

export function describeIpsec({ charon, policies, hasRule, folder }: IpsecFindings): string[] {
  return [
    ...(charon ? [`process: charon (${charon.pid})`] : []),
    ...policies.map(({ direction }) => `XFRM policy that blocks what is in the clear (${direction})`),
    ...(hasRule ? [`rule to the routing table ${charonTable}`] : []),
    ...(folder === undefined ? [] : [`folder: ${folder}`]),
  ];
}

export async function removeCharon({ charon, hasRule, folder }: IpsecFindings): Promise<void> {
  if (charon) await endProcess(charon, endMs);
  if (hasRule && (await findRule())) await run('ip', ['rule', 'del', 'priority', String(charonTable)]);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

export async function removePolicies({ policies }: IpsecFindings): Promise<void> {
  const xfrm = openXfrm();
  try {
    for (const policy of policies) await xfrm.dropPolicy(policy);
  } finally {
    xfrm.close();
  }
}

async function findPolicies(): Promise<XfrmPolicy[]> {
  const xfrm = openXfrm();
  try {
    return (await xfrm.policies()).filter(({ priority, blocks }) => blocks && priority === blockPriority);
  } catch (error) {
    if (hasCode(error, 'NETLINK_REFUSED')) return []; // a kernel without XFRM
    throw error;
  } finally {
    xfrm.close();
  }
}

async function findRule(): Promise<boolean> {
  const { stdout } = await run('ip', ['rule', 'show', 'priority', String(charonTable)]);
  return new RegExp(`lookup ${charonTable}\\b`).test(stdout);
}
