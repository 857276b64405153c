// Pure: what the IPsec driver leaves on a host, by names and numbers that `corral cleanup` finds it by.

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
