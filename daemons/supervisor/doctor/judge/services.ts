// Pure: what containers ask, what engines and the store answer, and what is left over.
import { counted, fail, namesOf, pass, skip, type Verdict, warn } from '../verdict.ts';

/** An answer, or why there was none. */
export type Answered = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

/** That a name does not exist is an answer, but not for the zone itself. */
function isServed(zone: Answered): boolean {
  return zone.ok && zone.text === 'NOERROR';
}

function wordsOf(answer: Answered): string {
  return answer.ok ? answer.text : answer.why;
}

export interface DnsSight {
  /** SOA of the own zone. */
  readonly zone: Answered;
  /** A question that only an upstream can answer. */
  readonly upstream: Answered;
}

export function judgeDns({ zone, upstream }: DnsSight, address: string): Verdict {
  if (!isServed(zone))
    return fail(
      `${address} does not answer for the own zone: ${wordsOf(zone)}`,
      'corral status tells how dns is, corral logs dns more',
    );
  if (!upstream.ok) {
    return warn(
      `names of the own zone are answered, others are not: ${upstream.why}`,
      'are the nameservers in /etc/resolv.conf of this host reachable, or those of dns.upstreams? corral resolve example.com --trace',
    );
  }
  return pass(`${address} answers for the own zone, and upstreams answer for the rest`);
}

export interface ContainerSight {
  readonly container: string;
  /** The name that metadata gives for `self`. */
  readonly self: Answered;
  readonly zone: Answered;
}

export function judgeContainerView(sights: readonly ContainerSight[]): Verdict {
  if (sights.length === 0) return skip('no container of this host to ask from');
  const wrong = sights.map(faultOf).find((fault) => fault !== undefined);
  return wrong ?? pass(`${namesOf(sights.map(({ container }) => container))} reach metadata and DNS`);
}

function faultOf({ container, self, zone }: ContainerSight): Verdict | undefined {
  const rules = `is its route to the service address there (ip route in the container), and does a rule drop packets to it? corral diff`;
  if (!self.ok) return fail(`${container} does not reach metadata: ${self.why}`, rules);
  if (self.text !== container) {
    const remedy = `corral get self/container --from ${container}; have two containers one address?`;
    return fail(`metadata takes ${container} for ${self.text || 'nobody'}`, remedy);
  }
  return isServed(zone) ? undefined : fail(`${container} is not answered by DNS: ${wordsOf(zone)}`, rules);
}

export interface EngineSight {
  readonly kind: string;
  readonly socket: string;
  readonly isThere: boolean;
  readonly version: Answered & { readonly api?: string };
}

/** Of Docker 17.05; older ones were never tried. */
const oldestApi = 1.29;

export function judgeEngines(engines: readonly EngineSight[]): Verdict {
  if (engines.length === 0) return skip('no engine is configured');
  const tell = ({ kind, socket }: EngineSight): string => `${kind} (${socket})`;
  const absent = engines.filter(({ isThere }) => !isThere);
  const mute = engines.filter(({ isThere, version }) => isThere && !version.ok);
  if (mute.length > 0) {
    const told = mute.map((one) => `${tell(one)}: ${one.version.ok ? '' : one.version.why}`);
    return fail(`does not answer: ${namesOf(told)}`, 'is the engine up? journalctl -u docker');
  }
  const old = engines.filter(({ version }) => version.ok && Number(version.api ?? oldestApi) < oldestApi);
  if (old.length > 0)
    return fail(`too old: ${namesOf(old.map(tell))}`, `an engine with API ${oldestApi} or later is needed`);
  const there = engines.flatMap((one) => (one.version.ok && one.isThere ? [`${one.kind} ${one.version.text}`] : []));
  if (absent.length > 0) {
    return warn(
      `not there: ${namesOf(absent.map(tell))}`,
      'start it, or take it out of engines in corral.yaml (engines: [] for none)',
    );
  }
  return pass(namesOf(there));
}

export interface EtcdSight {
  readonly endpoint: string;
  readonly health: Answered;
  readonly tookMs: number;
}

/** @param state of metadata's link to it, `joined` if all is well; null when metadata does not answer */
export function judgeEtcd(sights: readonly EtcdSight[], state: string | null): Verdict {
  if (sights.length === 0) return skip('the store is a file of this host');
  const bad = sights.flatMap(({ endpoint, health }) => (health.ok ? [] : [`${endpoint}: ${health.why}`]));
  const next = 'is etcd up and reachable from here? containers keep talking meanwhile, and names stay as they were';
  if (bad.length === sights.length) return fail(`no endpoint is healthy: ${namesOf(bad)}`, next);
  if (state !== null && state !== 'joined')
    return fail(
      `etcd answers, and this host is ${state}`,
      'corral store status; docs/errors.md tells of CLUSTER_WAIT and CLUSTER_MISMATCH',
    );
  if (bad.length > 0) return warn(`${namesOf(bad)}; the others answer`, next);
  const slow = sights.filter(({ tookMs }) => tookMs > 1_000);
  if (slow.length > 0)
    return warn(
      `slow: ${namesOf(slow.map(({ endpoint, tookMs }) => `${endpoint} ${Math.round(tookMs)} ms`))}`,
      'etcd wants a fast disk and a short way',
    );
  return pass(`${counted(sights.length, 'endpoint')} healthy`);
}

export interface Leftovers {
  /** Bridges and tunnels of networks that are no more. */
  readonly devices: readonly string[];
  /** Host's ends of links without a lease. */
  readonly links: readonly string[];
  /** Containers that have a lease and no namespace. */
  readonly leases: readonly string[];
}

export function judgeLeftovers({ devices, links, leases }: Leftovers): Verdict {
  const told = [
    ...(devices.length > 0 ? [`devices of no network: ${namesOf(devices)}`] : []),
    ...(links.length > 0 ? [`links without a lease: ${namesOf(links)}`] : []),
    ...(leases.length > 0 ? [`leases without a container: ${namesOf(leases)}`] : []),
  ];
  if (told.length === 0) return pass('every device, link and lease has its owner');
  return warn(
    told.join('; '),
    'network-manager removes them after two minutes; what stays, corral detach or corral cleanup removes',
  );
}
