// Pure: what to do about a condition whose daemon gave no remedy of its own. docs/errors.md says more about each code.
import type { ErrorCode } from '../../shared/model/errors.ts';

const remedies: Partial<Record<ErrorCode, string>> = {
  PORT_TAKEN: 'Find who holds it with ss -lntup, and end that program or change its address',
  SUBNET_OVERLAP: 'Give the network another subnet in corral.yaml',
  SUBNET_IN_USE: 'Detach the containers of the network first, or put the old value back',
  NO_BLOCK_LEFT: 'Give the network a larger subnet or longer blocks',
  ADDRESSES_EXHAUSTED: 'Detach containers, or give the network shorter blocks',
  STORE_UNAVAILABLE: 'Check the space and the mode of the state directory',
  STORE_TOO_NEW: 'Start the version of Corral that wrote it, or a later one',
  COMMAND_MISSING: 'Run scripts/setup, which installs it',
  NAME_INVALID: 'Rename one of the containers',
  BRIDGE_NOT_A_BRIDGE: 'Remove or rename the device of that name',
};

/** Undefined for what passes by itself. */
export function remedyFor(code: ErrorCode | null): string | undefined {
  return code === null ? undefined : remedies[code];
}
