// Pure: what keeps secret networks closed in the kernel beside routes and rules, by the numbers that `corral cleanup` finds it by.

/** Priority of the XFRM policies that block; behind every one that charon gives. */
export const blockPriority = 0x636f_7272;
/** Of those that let pass what the blocking ones are not meant for: asked just before them. */
export const passPriority = blockPriority - 1;

export function isOwnPolicy({ priority, blocks }: { readonly priority: number; readonly blocks: boolean }): boolean {
  return priority === (blocks ? blockPriority : passPriority);
}

/**
 * Policies do not concern packets of these devices, the bridge of containers and the tunnel's own: in IPv4 none, in IPv6 those
 * that come by it to be forwarded.
 */
export function exemptions(devices: readonly string[]): string[] {
  return devices.flatMap((device) => [
    `net/ipv4/conf/${device}/disable_policy`,
    `net/ipv4/conf/${device}/disable_xfrm`,
    `net/ipv6/conf/${device}/disable_policy`,
  ]);
}

/**
 * Of the routing rules for what this host sends into a secret network, right behind the one to charon's routes (143): the first
 * looks for a route to a part of the network, the second refuses.
 */
export const lookPriority = 144;
export const refusePriority = 145;

/** @param protocol who made it; ours is that of our routes */
export function isOwnRule({ priority, protocol }: { readonly priority: number; readonly protocol: number }): boolean {
  return protocol === 143 && (priority === lookPriority || priority === refusePriority);
}
