// Pure: settings of the kernel that concern the whole host, as keys of effects/sysctl.ts: network-manager changes them, and
// `corral cleanup` puts them back.

export const forwardingPath = 'net/ipv4/ip_forward';
export const forwarding6Path = 'net/ipv6/conf/all/forwarding';

/** 1: the device listens to routers as long as the host does not forward; 2: although it does. */
export function acceptPath(device: string): string {
  return `net/ipv6/conf/${device}/accept_ra`;
}
