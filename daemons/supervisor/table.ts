// Pure: the daemons of the suite, in the order in which they start; they stop in the reverse one.
import { programPath } from '../shared/daemon/installation.ts';
import type { DaemonName } from '../shared/model/paths.ts';

export interface DaemonSpec {
  readonly name: DaemonName;
  /** The program that Node runs. */
  readonly main: string;
  /** A daemon that is listed but not enabled is neither started nor reported. */
  readonly enabled: boolean;
}

export const daemonTable: readonly DaemonSpec[] = [
  spec('metadata', true),
  spec('network-manager', true),
  spec('dns', true),
  spec('overlay', true),
];

export function enabledDaemons(table: readonly DaemonSpec[]): DaemonSpec[] {
  return table.filter((daemon) => daemon.enabled);
}

function spec(name: DaemonName, enabled: boolean): DaemonSpec {
  return { name, enabled, main: programPath(`daemons/${name}/main`) };
}
