// Pure: the codes of every error that Corral reports, and the error that carries them.

/** Codes are a contract: texts may change, codes may not. Each is explained in docs/errors.md. */
export const errorCodes = [
  // use and configuration
  'USAGE',
  'NOT_ROOT',
  'CONFIG_UNREADABLE',
  'CONFIG_INVALID',
  'CONFIG_UNKNOWN_KEY',
  'ROOT_TOO_LONG',
  // life of a daemon
  'ALREADY_RUNNING',
  'NOT_RUNNING',
  'NOT_READY',
  'DEADLINE',
  'PROTOCOL',
  'BUSY',
  'INTERNAL',
  // the machine
  'NETNS_GONE',
  'NETNS_IS_HOST',
  'NETLINK_EXISTS',
  'NETLINK_NO_SUCH_DEVICE',
  'NETLINK_NOT_FOUND',
  'NETLINK_BUSY',
  'NETLINK_REFUSED',
  'NETLINK_UNREACHABLE',
  'NETLINK_OVERRUN',
  'COMMAND_MISSING',
  'COMMAND_FAILED',
  'COMMAND_TIMEOUT',
  'LOCK_TIMEOUT',
  'FILE_UNREADABLE',
  'FILE_TOO_LARGE',
  'SYSCTL_REFUSED',
  'PORT_TAKEN',
  'PORT_CONFLICT',
  // store and metadata
  'STORE_CORRUPT',
  'STORE_TOO_NEW',
  'STORE_UNAVAILABLE',
  'RECORD_INVALID',
  'NO_BLOCK_LEFT',
  'SUBNET_OVERLAP',
  'SUBNET_IN_USE',
  'NETWORK_EXISTS',
  'NETWORK_IN_USE',
  // the cluster
  'CLUSTER_WAIT',
  'CLUSTER_MISMATCH',
  'CONFIG_DRIFT',
  'CONFIG_DECIDES',
  'HOST_ALIVE',
  'HOST_CONFLICT',
  'BLOCK_CONFLICT',
  // attachments
  'NETWORK_UNKNOWN',
  'TARGET_UNKNOWN',
  'ATTACHMENT_EXISTS',
  'ADDRESS_TAKEN',
  'ADDRESSES_EXHAUSTED',
  'BLOCK_MISSING',
  'BRIDGE_NOT_A_BRIDGE',
  'DOCKER_UNREACHABLE',
  'IMAGE_MISSING',
  'CONTAINER_REFUSED',
  'PLUGIN_MISSING',
  'PLUGIN_FAILED',
  // overlay
  'PEER_INVALID',
  'PEER_LOST',
  'PATH_TOO_SMALL',
  'VNI_TAKEN',
  'VICI_REFUSED',
  'PEER_REFUSED',
  'ESP_IN_USER_SPACE',
  'KEY_CHANGED',
  'KEY_UNKNOWN',
  'KEY_UNUSABLE',
  'KERNEL_LACKS',
  // names
  'NAME_INVALID',
  'NAME_NOT_FOUND',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** An error with a code, what was attempted, the cause, and what to do next. */
export class SuiteError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  constructor(code: ErrorCode, attempted: string, options: { cause?: unknown; hint?: string } = {}) {
    super(attempted, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SuiteError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** One line for people: code, what was attempted, remedy. */
export function renderError(error: unknown): string {
  if (error instanceof SuiteError) return `${error.code}: ${error.message}${error.hint ? `. ${error.hint}` : ''}`;
  return `INTERNAL: ${error instanceof Error ? error.message : String(error)}`;
}

/** True for a SuiteError with one of the codes. */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is SuiteError {
  return error instanceof SuiteError && codes.includes(error.code);
}
