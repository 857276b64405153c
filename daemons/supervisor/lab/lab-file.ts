// The state file of a lab: the options that everything else follows from. It is written before anything is made, so that
// whatever a crash leaves can be found by its name.
import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { ensureDir, readTextIfPresent, writeAtomic } from '../../shared/effects/files.ts';
import { type Lock, tryLockFile } from '../../shared/effects/locks.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { type LabOptions, type LabPlan, labDir, labsDir, planLab } from './plan-lab.ts';
import { findSpaces, type Space } from './spaces.ts';

/** Lock files stay, so not beside the labs. */
const lockDir = '/run/lock';

export interface Lab {
  readonly plan: LabPlan;
  /** By name: the switch and the hosts. */
  readonly spaces: ReadonlyMap<string, Space>;
}

export function writeLabFile(plan: LabPlan): void {
  const { name, hosts, driver, store, containers, ipv6 } = plan;
  ensureDir(plan.dir);
  writeAtomic(fileOf(plan.dir), `${JSON.stringify({ name, hosts, driver, store, containers, ipv6 })}\n`);
}

/** Undefined if nothing of the name was begun. */
export function readLabFile(name: string): LabPlan | undefined {
  const text = readTextIfPresent(fileOf(labDir(name)));
  if (text === undefined) return undefined;
  try {
    const words = JSON.parse(text) as Omit<LabOptions, 'ipv6'> & Partial<Pick<LabOptions, 'ipv6'>>;
    return planLab({ ...words, ipv6: words.ipv6 ?? false, name }); // former versions did not tell
  } catch {
    return undefined; // cut short: what is left is found by the name alone
  }
}

/** @throws SuiteError NOT_RUNNING if there is no such lab, or only what a crash or a reboot left of it */
export function openLab(name: string): Lab {
  const plan = readLabFile(name);
  const spaces = new Map(findSpaces(name).map((space) => [space.name, space]));
  if (plan && spaces.size > 0) return { plan, spaces };
  const others = labNames().filter((other) => other !== name);
  const start = `corral lab up${name === 'lab' ? '' : ` --name ${name}`} starts one`;
  throw new SuiteError('NOT_RUNNING', `find the lab ${name}`, {
    hint: others.length > 0 ? `There are: ${others.join(', ')} (--name). ${start}` : start,
  });
}

/** @throws SuiteError NOT_RUNNING when its process 1 has ended */
export function spaceOf(lab: Lab, name: string): Space {
  const space = lab.spaces.get(name);
  if (space) return space;
  throw new SuiteError('NOT_RUNNING', `enter ${name}: its processes have ended`, {
    hint: 'corral lab down, then corral lab up, make it anew',
  });
}

export function removeLabFiles(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  try {
    rmdirSync(labsDir);
  } catch {
    // There are other labs, or none was ever made.
  }
}

/** One `lab up` or `lab down` of a name at a time. @throws SuiteError BUSY */
export function lockLab(name: string): Lock {
  labDir(name);
  ensureDir(lockDir);
  const lock = tryLockFile(`${lockDir}/corral-lab.${name}.lock`);
  if (lock) return lock;
  throw new SuiteError('BUSY', `change the lab ${name}: another corral lab up or down is at it`, {
    hint: 'Wait for it',
  });
}

function labNames(): string[] {
  try {
    return readdirSync(labsDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

function fileOf(dir: string): string {
  return `${dir}/lab.json`;
}
