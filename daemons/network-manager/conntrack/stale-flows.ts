// Pure: which flows still lead to a container that had a published port before, or past the one that has it now. Only flows of
// our own ports, to our own addresses; everything else in the table belongs to others.
import type { Flow } from '../../shared/effects/netlink/conntrack.ts';
import { type Cidr, contains, type Ip, parseCidr } from '../../shared/model/ip.ts';
import { keyOfPort } from '../ports/port-claims.ts';

/** Where a published port leads. */
export interface Target {
  readonly address: Ip;
  readonly port: number;
}

export interface FlowFacts {
  /** By key (`tcp/0.0.0.0:8080`): ports that lead elsewhere than before; undefined if they are published no more. */
  readonly changed: ReadonlyMap<string, Target | undefined>;
  /** Where a key leads now. */
  readonly targetOf: (key: string) => Target | undefined;
  /** The host's addresses, without metadata's and DNS's, to which no port leads. */
  readonly addresses: ReadonlySet<Ip>;
  /** Ranges of our containers. */
  readonly subnets: readonly Cidr[];
}

const loopback = parseCidr('127.0.0.0/8')!;

export function staleFlows(flows: readonly Flow[], facts: FlowFacts): Flow[] {
  return flows.filter((flow) => isStale(flow, facts));
}

function isStale({ protocol, original, reply }: Flow, facts: FlowFacts): boolean {
  const { dst, dport } = original;
  if (!facts.addresses.has(dst) && !contains(loopback, dst)) return false;
  const one = keyOfPort(protocol, dst, dport);
  const any = keyOfPort(protocol, (typeof dst === 'number' ? 0 : 0n) as Ip, dport);
  if (!facts.changed.has(one) && !facts.changed.has(any)) return false;
  const target = facts.targetOf(one) ?? facts.targetOf(any);
  if (target?.address === reply.src && target.port === reply.sport) return false;
  const isTranslated = reply.src !== dst || reply.sport !== dport;
  // Other programs translate too, to places that are not ours.
  if (isTranslated) return facts.subnets.some((subnet) => contains(subnet, reply.src));
  // A conversation by UDP that began before the port was published has no end of its own; a TCP connection has.
  return protocol === 'udp' && target !== undefined;
}
