// Pure: what is to be done for one container, from what it wants and the leases it has.
import type { Lease } from '../../../cni-plugins/library.ts';
import { factsIn } from './facts.ts';
import type { Want } from './want-attachments.ts';

/** A container between a start and its end. */
export interface Run {
  /** Of its namespace. The kernel soon gives the number of a dead namespace to a new one, so it proves little alone. */
  readonly inode: number;
  readonly startedAt: string;
}

export interface AttachmentPlan {
  /** Leases of an earlier run; dropped first. */
  readonly drop: readonly Lease[];
  readonly add: boolean;
}

/** An attachment of the run that is under way stays, whatever the snapshot says by now. */
export function planAttachment(want: Want, leases: readonly Lease[], run: Run): AttachmentPlan {
  const drop = leases.filter((lease) => !isOfRun(lease, run));
  const attached = leases.some((lease) => isOfRun(lease, run) && lease.phase === 'done');
  return { drop, add: want.kind === 'attach' && !attached };
}

function isOfRun(lease: Lease, run: Run): boolean {
  const { startedAt } = factsIn(lease.config);
  return lease.netnsInode === run.inode && (startedAt === '' || startedAt === run.startedAt);
}
