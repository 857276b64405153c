// Pure: what to do about a condition whose daemon gave no remedy of its own. docs/errors.md says more about each code.
import { isRelease } from '../../shared/daemon/installation.ts';
import type { ErrorCode } from '../../shared/model/errors.ts';

const remedies: Partial<Record<ErrorCode, string>> = {
  PORT_TAKEN: 'Find who holds it with ss -lntup, and end that program or change its address',
  SUBNET_OVERLAP: 'Give the network another subnet in corral.yaml',
  SUBNET_IN_USE: 'Detach the containers of the network first, or put the old value back',
  NO_BLOCK_LEFT: 'Give the network a larger subnet or longer blocks',
  ADDRESSES_EXHAUSTED: 'Detach containers, or give the network shorter blocks',
  STORE_UNAVAILABLE: 'Check the space and the mode of the state directory, or the way to etcd',
  STORE_TOO_NEW: 'Start the version of Corral that wrote it, or a later one',
  COMMAND_MISSING: isRelease ? 'Install its Debian package with apt-get' : 'Run scripts/setup, which installs it',
  HOST_CONFLICT: 'Give one of the two another name or address in its corral.yaml',
  BLOCK_CONFLICT: 'Start the containers anew that have addresses of that block',
  CONFIG_DRIFT: 'Write into corral.yaml what corral network ls shows, or take the network out of it',
  CLUSTER_MISMATCH: 'Name the etcd of this host’s own cluster in store.endpoints',
  PEER_LOST: 'Check that the host runs, and that the tunnels’ packets pass to it: corral doctor names their ports',
  PATH_TOO_SMALL: 'Set the network’s mtu in corral.yaml to what the way between the hosts can carry',
  VNI_TAKEN: 'Give the network another vni',
  NAME_INVALID: 'Rename one of the containers',
  BRIDGE_NOT_A_BRIDGE: 'Remove or rename the device of that name',
};

/** Undefined for what passes by itself. */
export function remedyFor(code: ErrorCode | null): string | undefined {
  return code === null ? undefined : remedies[code];
}
