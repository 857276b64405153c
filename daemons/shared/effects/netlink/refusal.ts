// Pure: the kernel's refusals as coded errors.
import { getSystemErrorName } from 'node:util';
import { type ErrorCode, SuiteError } from '../../model/errors.ts';

const codes: Readonly<Record<string, ErrorCode>> = {
  EEXIST: 'NETLINK_EXISTS',
  ENODEV: 'NETLINK_NO_SUCH_DEVICE',
  ENXIO: 'NETLINK_NO_SUCH_DEVICE',
  ESRCH: 'NETLINK_NOT_FOUND',
  ENOENT: 'NETLINK_NOT_FOUND',
  EADDRNOTAVAIL: 'NETLINK_NOT_FOUND',
  ENETUNREACH: 'NETLINK_UNREACHABLE',
  EHOSTUNREACH: 'NETLINK_UNREACHABLE',
  EBUSY: 'NETLINK_BUSY',
  EAGAIN: 'NETLINK_BUSY',
  ENOBUFS: 'NETLINK_OVERRUN',
};

const hints: Readonly<Record<string, string>> = {
  EPERM: 'needs root or CAP_NET_ADMIN',
  ENOTSUP: 'the kernel lacks this feature',
};

/** The error for a negative errno in an answer to `attempted`. */
export function refusal(attempted: string, errno: number): SuiteError {
  const name = nameOf(errno);
  const hint = hints[name];
  return new SuiteError(codes[name] ?? 'NETLINK_REFUSED', `${attempted}: ${name}`, {
    cause: new Error(name),
    ...(hint ? { hint } : {}),
  });
}

function nameOf(errno: number): string {
  try {
    return getSystemErrorName(errno < 0 ? errno : -errno);
  } catch {
    return `errno ${-errno}`; // getSystemErrorName throws for numbers that libuv does not know
  }
}
