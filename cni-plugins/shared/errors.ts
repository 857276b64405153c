// Pure: failures as a CNI runtime sees them (specification 1.1.0, section 5, "Error").
import { type ErrorCode, SuiteError } from '../../daemons/shared/model/errors.ts';
import { currentVersion } from './versions.ts';

export const cniCodes = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  badEnvironment: 4,
  io: 5,
  decode: 6,
  badConfig: 7,
  tryAgain: 11,
  /** STATUS: ADD cannot be served. */
  unavailable: 50,
  /** STATUS: nor may what is attached already be reached. */
  limited: 51,
  /** First of the plugin's own codes. */
  failed: 100,
} as const;

/** A failure whose CNI code the place that found it knows. */
export class CniError extends Error {
  readonly cniCode: number;
  readonly details: string;
  constructor(cniCode: number, message: string, details = '') {
    super(message);
    this.name = 'CniError';
    this.cniCode = cniCode;
    this.details = details;
  }
}

/** Own codes, from 101: fixed numbers, since scripts compare them. Codes that are absent here become 100. */
const codeOf: Partial<Record<ErrorCode, number>> = {
  BLOCK_MISSING: cniCodes.tryAgain,
  LOCK_TIMEOUT: cniCodes.tryAgain,
  DEADLINE: cniCodes.tryAgain,
  BUSY: cniCodes.tryAgain,
  NOT_RUNNING: cniCodes.tryAgain,
  STORE_UNAVAILABLE: cniCodes.tryAgain,
  CLUSTER_WAIT: cniCodes.tryAgain,
  NETLINK_BUSY: cniCodes.tryAgain,
  FILE_UNREADABLE: cniCodes.io,
  FILE_TOO_LARGE: cniCodes.io,
  CONFIG_INVALID: cniCodes.badConfig,
  NETWORK_UNKNOWN: cniCodes.badConfig,
  NAME_INVALID: cniCodes.badConfig,
  USAGE: cniCodes.badEnvironment,
  NETNS_GONE: cniCodes.badEnvironment,
  NETNS_IS_HOST: 8,
  ADDRESSES_EXHAUSTED: 101,
  ADDRESS_TAKEN: 102,
  ATTACHMENT_EXISTS: 103,
  BRIDGE_NOT_A_BRIDGE: 104,
  NETLINK_REFUSED: 105,
  NETLINK_EXISTS: 106,
  NETLINK_NO_SUCH_DEVICE: 107,
  NETLINK_NOT_FOUND: 108,
};

export interface ErrorReply {
  readonly cniVersion: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** Any failure in the form that goes to the runtime; the own error code leads the message. */
export function errorReply(error: unknown, cniVersion: string = currentVersion): ErrorReply {
  if (error instanceof CniError) {
    return { cniVersion, code: error.cniCode, msg: error.message, ...(error.details && { details: error.details }) };
  }
  if (error instanceof SuiteError) {
    const code = codeOf[error.code] ?? cniCodes.failed;
    const details = [error.hint, causeOf(error)].filter((text) => text !== undefined).join('; ');
    return { cniVersion, code, msg: `${error.code}: ${error.message}`, ...(details && { details }) };
  }
  const errno = error instanceof Error && 'syscall' in error;
  const msg = error instanceof Error ? error.message : String(error);
  return { cniVersion, code: errno ? cniCodes.io : cniCodes.failed, msg };
}

function causeOf(error: Error): string | undefined {
  return error.cause instanceof Error ? error.cause.message : undefined;
}
