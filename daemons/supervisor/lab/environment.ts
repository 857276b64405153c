// The environment of everything that a lab starts: ours without what belongs to another suite or to an etcd of the machine.
import { dirname } from 'node:path';
import { commandDirectory } from '../../shared/daemon/installation.ts';

/** The command `corral` whose suite the hosts run: our own, or that of a release which is to be tried. */
export const corralCommand: string = process.env.CORRAL_LAB_COMMAND || `${commandDirectory}/corral`;

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** @param root the host's CORRAL_ROOT, for what talks to its suite */
export function labEnvironment(root?: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(CORRAL_(?!PATIENCE$)|ETCD_|ETCDCTL_|NODE_OPTIONS$)/.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    PATH: `${dirname(corralCommand)}:${usualPath}`,
    ...(root === undefined ? {} : { CORRAL_ROOT: root }),
  };
}
