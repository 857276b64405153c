// Pure: the chains that keep what must be secret from being seen: nothing for or from a guarded network passes in the clear,
// whatever becomes of tunnels and routes. They stand on top of the unreachable route, and alone where somebody removed that.
import type { IpRange } from '../../shared/effects/netlink.ts';
import type { Chain } from '../../shared/reconcile/iptables-plan.ts';
import { renderRange } from '../addresses.ts';
import type { GuardedNetwork } from '../overlay-network.ts';

export interface Guard {
  readonly network: GuardedNetwork;
  /** Of its tunnels. */
  readonly devices: readonly string[];
  /** Matches of packets that are no plaintext although no device of the tunnel is theirs. */
  readonly passes: { readonly out: readonly string[]; readonly in: readonly string[] };
}

export function guardChains(guards: readonly Guard[], family: 4 | 6): Chain[] {
  const ranged = guards.flatMap((guard) => {
    const range = family === 4 ? guard.network.subnet : guard.network.subnet6;
    return range ? [{ guard, range }] : [];
  });
  const chain = (name: string, rulesOf: (guard: Guard, range: IpRange) => string[]): Chain => ({
    table: 'mangle',
    chain: name,
    rules: ranged.flatMap(({ guard, range }) => rulesOf(guard, range)),
  });
  return [chain('CATTLE_OVERLAY_ENTRY', entryRules), chain('CATTLE_OVERLAY_GUARD', exitRules)];
}

/** A packet from one of the network's addresses comes from its bridge, its tunnels, or the host itself. */
function entryRules({ network, devices, passes }: Guard, range: IpRange): string[] {
  const from = `-s ${renderRange(range)}`;
  const ways = [network.bridge, ...devices, 'lo'].map((device) => `-i ${device}`);
  return [...[...ways, ...passes.in].map((way) => `${from} ${way} -j RETURN`), `${from} -j DROP`];
}

function exitRules({ network, devices, passes }: Guard, range: IpRange): string[] {
  const to = `-d ${renderRange(range)}`;
  const ways = [network.bridge, ...devices, 'lo'].map((device) => `-o ${device}`);
  return [...[...ways, ...passes.out].map((way) => `${to} ${way} -j RETURN`), `${to} -j DROP`];
}
