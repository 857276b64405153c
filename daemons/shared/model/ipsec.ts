// Pure: what the IPsec driver leaves on a host, by names and numbers that `corral cleanup` finds it by.

/** Priority of the XFRM policies that block; behind every one that charon gives. */
export const blockPriority = 0x636f_7272;

/** Table, and priority of the rule to it, of the routes that charon makes; the number is that of our routes' protocol. */
export const charonTable = 143;

/** Where charon's files are; everything of it is below one directory of root's alone. */
export interface CharonPlaces {
  readonly dir: string;
  readonly config: string;
  readonly socket: string;
  readonly log: string;
  /** What it says before it has a log. */
  readonly output: string;
  /** Held by it as long as it lives. */
  readonly lock: string;
}

/** @param run the daemons' directory of sockets */
export function charonPlaces(run: string): CharonPlaces {
  const dir = `${run}/ipsec`;
  return {
    dir,
    config: `${dir}/strongswan.conf`,
    socket: `${dir}/charon.vici`,
    log: `${dir}/charon.log`,
    output: `${dir}/charon.out`,
    lock: `${dir}/charon.lock`,
  };
}

/** Policies do not concern packets of these devices: the bridge of containers, and the tunnel's own. */
export function exemptions(devices: readonly string[]): string[] {
  return devices.flatMap((device) => [
    `net/ipv4/conf/${device}/disable_policy`,
    `net/ipv4/conf/${device}/disable_xfrm`,
  ]);
}
