// Walks a described packet through rendered iptables rules and states what becomes of it. It knows exactly the matches that
// Corral's rules use and throws on any other, so that a rule it does not understand never passes for one that does not match.
import { hooks, type Table } from '../../../daemons/shared/model/hooks.ts';
import { contains, type Ipv4, parseCidr4, parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';

export interface TracedChain {
  readonly table: Table;
  readonly chain: string;
  readonly rules: readonly string[];
}

export interface Packet {
  /** Device by which it came; absent for one that a process of the host sends. */
  readonly in?: string;
  /** Device by which it goes; absent for one that a process of the host receives. */
  readonly out?: string;
  readonly src: string;
  readonly dst: string;
  readonly proto: 'udp' | 'tcp' | 'icmp';
  readonly sport?: number;
  readonly dport?: number;
  /** Part of a connection that is known already. Default: no. */
  readonly established?: boolean;
}

export interface Fate {
  /** What the chains say; `policy` if none of them decided, so that the host's own rules do. */
  readonly verdict: 'accept' | 'reject' | 'drop' | 'policy';
  readonly tracked: boolean;
  readonly masqueraded: boolean;
}

type Verdict = 'ACCEPT' | 'REJECT' | 'DROP' | 'RETURN' | 'MASQUERADE' | 'CT';

/** Raw, then filter, then nat for new connections; as the kernel orders them. */
export function trace(chains: readonly TracedChain[], packet: Packet): Fate {
  const isIncoming = packet.in !== undefined;
  const isOutgoing = packet.out !== undefined;
  const raw = runHooks(chains, 'raw', isIncoming ? 'PREROUTING' : 'OUTPUT', packet, 'UNTRACKED');
  const tracked = raw !== 'CT';
  const state = tracked ? (packet.established ? 'ESTABLISHED' : 'NEW') : 'UNTRACKED';
  const builtin = isIncoming ? (isOutgoing ? 'FORWARD' : 'INPUT') : 'OUTPUT';
  const verdict = runHooks(chains, 'filter', builtin, packet, state);
  const leaves = isOutgoing && verdict !== 'REJECT' && verdict !== 'DROP';
  const nat = leaves && state === 'NEW' ? runHooks(chains, 'nat', 'POSTROUTING', packet, state) : undefined;
  return { verdict: nameOf(verdict), tracked, masqueraded: nat === 'MASQUERADE' };
}

function nameOf(verdict: Verdict | undefined): Fate['verdict'] {
  if (verdict === 'ACCEPT') return 'accept';
  if (verdict === 'REJECT') return 'reject';
  if (verdict === 'DROP') return 'drop';
  return 'policy';
}

/** The verdict of the first of our chains in a built-in one that decides; undefined if none does. */
function runHooks(
  chains: readonly TracedChain[],
  table: Table,
  builtin: string,
  packet: Packet,
  state: string,
): Verdict | undefined {
  for (const hook of hooks.filter((one) => one.table === table && one.builtin === builtin)) {
    if (hook.match.length > 0) throw new Error(`the tracer does not know ${hook.match.join(' ')}`);
    const chain = chains.find((one) => one.table === table && one.chain === hook.chain);
    for (const text of chain?.rules ?? []) {
      const verdict = matchRule(text, packet, state);
      if (verdict === 'RETURN') break;
      if (verdict !== undefined) return verdict;
    }
  }
  return undefined;
}

function matchRule(text: string, packet: Packet, state: string): Verdict | undefined {
  const words = text.split(' ');
  let matches = true;
  let negate = false;
  while (words.length > 0) {
    const option = words.shift()!;
    if (option === '!') {
      negate = true;
      continue;
    }
    const value = option === '--notrack' ? '' : words.shift()!;
    if (option === '-j') return matches ? (value as Verdict) : undefined;
    matches &&= test(option, value, packet, state) !== negate;
    negate = false;
  }
  throw new Error(`the rule ${text} has no target`);
}

function test(option: string, value: string, packet: Packet, state: string): boolean {
  switch (option) {
    case '-s':
      return inside(value, packet.src);
    case '-d':
      return inside(value, packet.dst);
    case '-i':
      return packet.in === value;
    case '-o':
      return packet.out === value;
    case '-p':
      return packet.proto === value;
    case '-m':
      return ['udp', 'tcp', 'conntrack', 'multiport'].includes(value) || unknown(`-m ${value}`);
    case '--dport':
      return packet.dport === Number(value);
    case '--dports':
      return value
        .split(',')
        .map(Number)
        .includes(packet.dport ?? -1);
    case '--sport':
      return packet.sport === Number(value);
    case '--ctstate':
      return value.split(',').includes(state);
    default:
      return unknown(option);
  }
}

function unknown(what: string): never {
  throw new Error(`the tracer does not know ${what}`);
}

function inside(cidr: string, address: string): boolean {
  return contains(parseCidr4(cidr)!, parseIpv4(address) as Ipv4);
}
