// What a lab needs of the machine, checked before anything is made.
import { accessSync, constants } from 'node:fs';
import { howToInstall } from '../../shared/daemon/installation.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { labEnvironment } from './environment.ts';
import type { LabPlan } from './plan-lab.ts';

/** Debian's packages by program; setup brings all of them. */
const programs = { ip: 'iproute2', iptables: 'iptables', ping: 'iputils-ping', unshare: 'util-linux' } as const;

/** @throws SuiteError NOT_ROOT, COMMAND_MISSING with the package's name */
export function requireForLab(plan: Pick<LabPlan, 'store' | 'driver'>): void {
  requireRootForLab();
  const forStore = plan.store === 'etcd' ? { etcd: 'etcd-server' } : {};
  const forDriver = plan.driver === 'ipsec' ? { 'charon-systemd': 'charon-systemd' } : {};
  for (const [program, fromPackage] of Object.entries({ ...programs, ...forStore, ...forDriver })) {
    if (isInPath(program)) continue;
    const flags = program in forDriver ? '--lab --ipsec' : '--lab';
    throw new SuiteError('COMMAND_MISSING', `find the program ${program}, of the Debian package ${fromPackage}`, {
      hint: howToInstall(fromPackage, flags),
    });
  }
}

export function requireRootForLab(): void {
  if (process.geteuid?.() === 0) return;
  throw new SuiteError('NOT_ROOT', 'work on a lab, which is made of namespaces', {
    hint: 'Become root (for example with su -), then run it again',
  });
}

function isInPath(program: string): boolean {
  return (labEnvironment().PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(`${folder}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
