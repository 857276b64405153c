// The environment of everything that a lab starts: ours without what belongs to another suite or to an etcd of the machine.
import { commandDirectory } from '../../shared/daemon/installation.ts';

/** The command itself, for programs on a host. */
export const corralCommand = `${commandDirectory}/corral`;

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** @param root the host's CORRAL_ROOT, for what talks to its suite */
export function labEnvironment(root?: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(CORRAL_(?!PATIENCE$)|ETCD_|ETCDCTL_|NODE_OPTIONS$)/.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    PATH: `${commandDirectory}:${usualPath}`,
    ...(root === undefined ? {} : { CORRAL_ROOT: root }),
  };
}
