// Pure: what is wrong, in the order in which it matters: this host cut off, hosts lost, the store away, daemons that are not ready.
import { storeStates } from '../cli/render-cluster.ts';
import type { DaemonStatus } from '../describe-status.ts';
import { byText, fewOf } from './few.ts';
import { wholeSecond } from './view-hosts.ts';
import type { Facts, Few, HostView, Trouble } from './view-types.ts';

const mostTroubles = 12;

export function viewTroubles(facts: Facts, hosts: readonly HostView[]): Few<Trouble> {
  const lost = hosts.filter(({ state }) => state === 'lost' || state === 'gone');
  const alone = isolation(facts, hosts, lost);
  const part = hosts.filter(({ state }) => state === 'part');
  const others = [...(alone ? [] : lost), ...part].sort((a, b) => byText(a.name, b.name));
  const all = [
    ...(alone ? [alone] : []),
    ...others.map((host) => lostHost(host, facts)),
    ...storeAway(facts),
    ...facts.suite.daemons.flatMap((daemon) => daemonUnwell(daemon, facts.events)),
  ];
  // The order is the one in which they were put together, the bad ones before the others.
  return fewOf(all, mostTroubles, (a, b) => Number(a.level === 'warn') - Number(b.level === 'warn'));
}

/** Nobody answers, and the store is away or says that they live: then it is rather this host that is lost than all the others. */
function isolation(
  { store, peers }: Facts,
  hosts: readonly HostView[],
  lost: readonly HostView[],
): Trouble | undefined {
  const others = hosts.filter(({ isSelf, state }) => !isSelf && state !== 'declared');
  const isAway = store?.state === 'cut-off';
  const isSilent = lost.length > 0 && lost.length === others.length && peers?.every(({ state }) => state === 'down');
  const isOurs = isAway || (others.length > 1 && lost.some(({ state }) => state === 'lost'));
  if (!isSilent || !isOurs) return undefined;
  const self = hosts.find(({ isSelf }) => isSelf)?.name ?? 'this host';
  const whom =
    others.length === 1 ? 'the other host does not answer' : `none of the ${others.length} other hosts answers`;
  const times = lost.flatMap(({ since }) => since ?? []);
  return {
    level: 'bad',
    title: `${self} is cut off`,
    lines: [isAway ? `${whom}, and the store is not reached` : whom],
    since: times.length > 0 ? Math.max(...times) : null,
    code: 'PEER_LOST',
    hint: 'look at the link and the firewall of this host first',
  };
}

function lostHost(host: HostView, { peers }: Facts): Trouble {
  const ways = (peers ?? []).filter(({ hostId }) => hostId === host.id);
  const down = ways.filter(({ state }) => state === 'down');
  const crew = host.running + host.unwell;
  const lines = down
    .slice(0, 4)
    .map(({ network, driver, address }) => `no answer through ${network} (${driver} to ${address})`);
  if (host.state === 'gone') lines.push('it keeps no lease in the store, so its names have left DNS');
  if (host.state !== 'part' && crew > 0)
    lines.push(`${crew} ${crew === 1 ? 'container is' : 'containers are'} out of reach`);
  return {
    level: host.state === 'part' ? 'warn' : 'bad',
    title: titleOf(host, down.length, ways.length),
    lines,
    since: host.since,
    code: down.length > 0 ? 'PEER_LOST' : null,
    hint: down.length > 0 ? `from this host: ping ${host.address ?? host.name}, then corral status there` : null,
  };
}

function titleOf({ name, state }: HostView, down: number, ways: number): string {
  if (state === 'part') return `${name} answers in ${ways - down} of ${ways} networks`;
  // Its lease may run out while packets still pass: it has lost the store, not the others.
  return state === 'lost' || down > 0 ? `${name} does not answer` : `${name} is gone from the cluster`;
}

function storeAway({ store, isFresh, snapshot }: Facts): Trouble[] {
  if (!isFresh && snapshot) {
    const lines = ['containers, services and networks are shown as they were known last'];
    return [{ level: 'bad', title: 'metadata is away', lines, since: null, code: 'NOT_RUNNING', hint: null }];
  }
  if (!store || store.state === 'sqlite' || store.state === 'joined') return [];
  const waiting = store.waiting > 0 ? [`${store.waiting} changes of this host wait`] : [];
  return [
    {
      level: 'bad',
      title: store.state === 'cut-off' ? 'The store is not reached' : 'The store is not joined',
      lines: [`${store.kind} at ${store.endpoints.join(', ')}: ${storeStates[store.state]}`, ...waiting],
      since: null,
      code: store.state === 'cut-off' ? 'STORE_UNAVAILABLE' : null,
      hint: null,
    },
  ];
}

/** What the cluster tells by itself above; a daemon's word about it would be said twice. */
const toldAbove = new Set(['PEER_LOST', 'STORE_UNAVAILABLE']);

function daemonUnwell({ name, ready, state, conditions }: DaemonStatus, events: Facts['events']): Trouble[] {
  const failing = conditions.filter(({ ok, code }) => !ok && !(ready && code !== null && toldAbove.has(code)));
  if (failing.length === 0) return [];
  const [first] = failing;
  return [
    {
      level: ready ? 'warn' : 'bad',
      title: ready ? `${name} is degraded` : `${name} is not ready (${state})`,
      lines: failing.slice(0, 4).map(({ text }) => text),
      since: beginOf(ready ? `${name}/${first?.name}` : name, events),
      code: first?.code ?? null,
      hint: first?.hint ?? null,
    },
  ];
}

/** When the last event of the name was told: of a daemon, or of `daemon/condition`. Null: before this supervisor. */
function beginOf(name: string, events: Facts['events']): number | null {
  const event = events.findLast((one) => one.name === name && one.level === 'warn');
  return event ? wholeSecond(Date.parse(event.time)) : null;
}
