// Lets the host reach published ports at 127.0.0.1, where a bridge needs it and for as long as it does. The guard against what
// comes from the bridge itself is a rule that stands before this is set (want-ports.ts).
import { ensureSysctl, readSysctl } from '../../shared/effects/sysctl.ts';
import type { RuleFacts } from './want-rules.ts';

export interface LoopbackRoutes {
  /** Devices on which it is on. */
  readonly on: ReadonlySet<string>;
  /** Devices of ours on which it is off. */
  readonly off: ReadonlySet<string>;
}

/** The devices that were changed. @throws SYSCTL_REFUSED. */
export function keepLoopbackRoutes({ on, off }: LoopbackRoutes): string[] {
  return [...turn(on, '1'), ...turn(off, '0')];
}

/** A bridge that is not there yet, or no more, is looked at again in the next pass. */
function turn(devices: ReadonlySet<string>, value: string): string[] {
  const keys = [...devices].map((device) => `net/ipv4/conf/${device}/route_localnet`);
  return keys.filter((key) => readSysctl(key) !== undefined && ensureSysctl(key, value));
}

/** On for bridges that a port on any address, or on 127.0.0.0/8, leads to. */
export function loopbackRoutes({ networks, ports }: Pick<RuleFacts, 'networks' | 'ports'>): LoopbackRoutes {
  const on = new Set<string>();
  const off = new Set<string>();
  for (const { name, bridge } of networks) {
    if (bridge === undefined) continue;
    if (ports.loopback.has(name)) on.add(bridge);
    else off.add(bridge);
  }
  return { on, off };
}
