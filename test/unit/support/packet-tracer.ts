// Walks a described packet through rendered iptables rules and states what becomes of it. It knows exactly the matches that
// Corral's rules use and throws on any other, so that a rule it does not understand never passes for one that does not match.
import { hooks, type Table } from '../../../daemons/shared/model/hooks.ts';
import { contains, parseCidr, parseIp } from '../../../daemons/shared/model/ip.ts';

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
  readonly proto: 'udp' | 'tcp' | 'sctp' | 'icmp';
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

interface View extends Packet {
  /** Of the connection, as --ctstate names them. */
  readonly states: readonly string[];
  /** The destination is an address of the host. */
  readonly toHost: boolean;
}

/** Raw, then filter, then nat for new connections; as the kernel orders them. Destinations are as they were given. */
export function trace(chains: readonly TracedChain[], packet: Packet): Fate {
  const isIncoming = packet.in !== undefined;
  const isOutgoing = packet.out !== undefined;
  const seen = (states: readonly string[]): View => ({ ...packet, states, toHost: !isOutgoing });
  const raw = runHooks(chains, 'raw', isIncoming ? 'PREROUTING' : 'OUTPUT', seen(['UNTRACKED']));
  const tracked = raw !== 'CT';
  const state = tracked ? (packet.established ? 'ESTABLISHED' : 'NEW') : 'UNTRACKED';
  const builtin = isIncoming ? (isOutgoing ? 'FORWARD' : 'INPUT') : 'OUTPUT';
  const verdict = raw === 'DROP' ? raw : runHooks(chains, 'filter', builtin, seen([state]));
  const leaves = isOutgoing && verdict !== 'REJECT' && verdict !== 'DROP';
  const nat = leaves && state === 'NEW' ? runHooks(chains, 'nat', 'POSTROUTING', seen([state])) : undefined;
  return { verdict: nameOf(verdict), tracked, masqueraded: nat === 'MASQUERADE' };
}

export interface TracedHost {
  readonly addresses: readonly string[];
  /** The device by which an address that is not the host's own is reached. */
  readonly deviceTo: (address: string) => string;
}

export interface Journey extends Fate {
  /** Where the connection arrives, `address:port`. */
  readonly to: string;
  /** Device by which it leaves the host; undefined if a process of the host gets it. */
  readonly out: string | undefined;
}

/** The first packet of a connection, whose destination the rules may change before it is routed. */
export function traceNew(chains: readonly TracedChain[], host: TracedHost, packet: Omit<Packet, 'out'>): Journey {
  const fromHost = packet.in === undefined;
  const isOwn = (address: string): boolean =>
    host.addresses.includes(address) || address.startsWith('127.') || address === '::1';
  const early = { ...packet, toHost: isOwn(packet.dst) };
  const raw = runHooks(chains, 'raw', fromHost ? 'OUTPUT' : 'PREROUTING', { ...early, states: ['UNTRACKED'] });
  const tracked = raw !== 'CT';
  const states = [tracked ? 'NEW' : 'UNTRACKED'];
  const first = tracked ? runHooks(chains, 'nat', fromHost ? 'OUTPUT' : 'PREROUTING', { ...early, states }) : undefined;
  const [dst, port] = first?.startsWith('DNAT ') ? endpointOf(first.slice(5)) : [packet.dst, packet.dport];
  if (dst !== packet.dst || port !== packet.dport) states.push('DNAT');
  const out = isOwn(dst!) ? undefined : host.deviceTo(dst!);
  const later: View = {
    ...packet,
    dst: dst!,
    dport: Number(port),
    states,
    toHost: out === undefined,
    ...(out === undefined ? {} : { out }),
  };
  const builtin = fromHost ? 'OUTPUT' : out === undefined ? 'INPUT' : 'FORWARD';
  const verdict = raw === 'DROP' ? raw : runHooks(chains, 'filter', builtin, later);
  const nat = out === undefined ? undefined : runHooks(chains, 'nat', 'POSTROUTING', later);
  return { verdict: nameOf(verdict), tracked, masqueraded: nat === 'MASQUERADE', to: `${dst}:${port}`, out };
}

function nameOf(verdict: string | undefined): Fate['verdict'] {
  if (verdict === 'ACCEPT') return 'accept';
  if (verdict === 'REJECT') return 'reject';
  if (verdict === 'DROP') return 'drop';
  return 'policy';
}

/** The verdict of the first of our chains in a built-in one that decides; undefined if none does. */
function runHooks(chains: readonly TracedChain[], table: Table, builtin: string, packet: View): string | undefined {
  for (const hook of hooks.filter((one) => one.table === table && one.builtin === builtin)) {
    if (matchRule([...hook.match, '-j', hook.chain].join(' '), packet) === undefined) continue;
    const verdict = runChain(chains, table, hook.chain, packet);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

const verdicts = ['ACCEPT', 'REJECT', 'DROP', 'MASQUERADE', 'CT'];

/** undefined: the packet came back. A chain that is not there is one that others fill, or nobody. */
function runChain(chains: readonly TracedChain[], table: Table, name: string, packet: View): string | undefined {
  const chain = chains.find((one) => one.table === table && one.chain === name);
  for (const text of chain?.rules ?? []) {
    const target = matchRule(text, packet);
    if (target === undefined) continue;
    if (target === 'RETURN') return undefined;
    if (verdicts.includes(target) || target.startsWith('DNAT ')) return target;
    if (!target.startsWith('CATTLE_')) unknown(`-j ${target}`);
    const verdict = runChain(chains, table, target, packet);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** The target of the rule if the packet matches it. */
function matchRule(text: string, packet: View): string | undefined {
  const words = text.split(' ');
  let matches = true;
  let negate = false;
  while (words.length > 0) {
    const option = words.shift()!;
    if (option === '!') {
      negate = true;
      continue;
    }
    const value = words.shift()!;
    if (option === '-j') return matches ? targetOf(value, words) : undefined;
    matches &&= test(option, value, packet) !== negate;
    negate = false;
  }
  throw new Error(`the rule ${text} has no target`);
}

function targetOf(target: string, options: readonly string[]): string {
  if (target === 'DNAT' && options[0] === '--to-destination') return `DNAT ${options[1]}`;
  const known = ['', '--notrack', '--reject-with icmp-admin-prohibited', '--reject-with icmp6-adm-prohibited'];
  return known.includes(options.join(' ')) ? target : unknown(options.join(' '));
}

function test(option: string, value: string, packet: View): boolean {
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
      return ['udp', 'tcp', 'sctp', 'conntrack', 'multiport', 'addrtype'].includes(value) || unknown(`-m ${value}`);
    case '--dst-type':
      return value === 'LOCAL' ? packet.toHost : unknown(value);
    case '--dport':
      return inRange(value, packet.dport);
    case '--dports':
      return value.split(',').some((one) => inRange(one, packet.dport));
    case '--sport':
      return inRange(value, packet.sport);
    case '--ctstate':
      return value.split(',').some((state) => packet.states.includes(state));
    default:
      return unknown(option);
  }
}

/** `80` or `64:127`. */
function inRange(range: string, port = -1): boolean {
  const [first = Number.NaN, last = first] = range.split(':').map(Number);
  return port >= first && port <= last;
}

/** `10.42.7.9:80` or `[fd42::9]:80`. */
function endpointOf(text: string): [address: string, port: string] {
  const colon = text.lastIndexOf(':');
  return [text.slice(0, colon).replace(/^\[|\]$/g, ''), text.slice(colon + 1)];
}

function unknown(what: string): never {
  throw new Error(`the tracer does not know ${what}`);
}

function inside(cidr: string, address: string): boolean {
  return contains(parseCidr(cidr)!, parseIp(address)!);
}
