// Pure: addresses as the netlink effects take them: IPv4 as a number, IPv6 as its canonical text.
import type { Ip as KernelIp } from '../../daemons/shared/effects/netlink.ts';
import { type Ip, renderIp } from '../../daemons/shared/model/ip.ts';

export function kernelIp(ip: Ip): KernelIp {
  return typeof ip === 'number' ? ip : renderIp(ip);
}
