// Finds out how this host can encrypt. In user space only where the configuration says so: it is slow, and its tunnel is a
// device that ends with its process.
import { existsSync } from 'node:fs';
import type { Xfrm } from '../../shared/effects/netlink/xfrm.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { EspMode } from './settings.ts';

const tunDevice = '/dev/net/tun';

/** @throws SuiteError KERNEL_LACKS, NETLINK_* */
export async function chooseMode(
  xfrm: Pick<Xfrm, 'hasEsp'>,
  netlink: Pick<Netlink, 'hasXfrmLinks'>,
  mayUseUserSpace: boolean,
): Promise<EspMode> {
  if (await xfrm.hasEsp()) return (await netlink.hasXfrmLinks()) ? 'interface' : 'policies';
  if (!mayUseUserSpace) {
    throw new SuiteError('KERNEL_LACKS', 'encrypt with ESP: this kernel has none with AES-GCM', {
      hint: 'modprobe esp4 xfrm_interface; for tests and small hosts overlay.ipsec.userSpace: allow lets charon encrypt',
    });
  }
  if (existsSync(tunDevice)) return 'user-space';
  throw new SuiteError('KERNEL_LACKS', `encrypt in user space: there is no ${tunDevice}`, { hint: 'modprobe tun' });
}
