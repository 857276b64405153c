// How a lab is: asked of the suites at their sockets, and tried out from inside the containers.
import { run } from '../../shared/effects/command.ts';
import { MetadataClient } from '../../shared/source/metadata.ts';
import type { DaemonStatus } from '../describe-status.ts';
import { type LabContainer, observeContainers } from './containers.ts';
import { socketOn, suiteStatus } from './host-suite.ts';
import type { Lab } from './lab-file.ts';
import { hostsOf, type PlannedHost, switchName } from './plan-lab.ts';
import { enter } from './spaces.ts';
import { type StoreState, storeState } from './store.ts';
import {
  chooseTried,
  chooseTried6,
  lackingIpv6,
  parseTried,
  placeOf,
  type Tried,
  type TriedContainer,
  trialWords,
} from './tried.ts';
import { eachOf } from './until.ts';
import { cutCables } from './wire.ts';

export interface HostReport {
  readonly name: string;
  readonly address: string;
  /** `absent`: no supervisor answers; else its own word. */
  readonly state: string;
  readonly isCut: boolean;
  readonly daemons: readonly Pick<DaemonStatus, 'name' | 'state' | 'ready' | 'restarts' | 'pss' | 'conditions'>[];
  readonly containers: readonly LabContainer[];
  /** What its metadata knows, of all hosts; null when it does not answer. */
  readonly known: { readonly hosts: number; readonly containers: number } | null;
}

export interface LabReport {
  readonly name: string;
  readonly driver: string;
  readonly store: { readonly kind: string; readonly state: StoreState | null };
  readonly hosts: readonly HostReport[];
  /** Every container of a small lab, else one of each host. */
  readonly tried: Tried;
  /** The same over IPv6; null where no container's network has it. */
  readonly tried6: Tried | null;
  /** Containers without an IPv6 address although their networks have IPv6: `h1/a1`. */
  readonly lackIpv6: readonly string[];
}

/** Rows of the matrix that are tried at the same time. */
const rowsAtOnce = 4;

export async function observeLab(lab: Lab): Promise<LabReport> {
  const { plan } = lab;
  const toSwitch = lab.spaces.get(switchName);
  const cut = toSwitch ? await cutCables(toSwitch) : new Set<string>();
  const hosts = await Promise.all(hostsOf(plan).map((host) => reportHost(lab, host, cut.has(host.name))));
  const state = plan.store === 'etcd' ? (toSwitch ? await storeState(plan, toSwitch) : 'down') : null;
  const [four, six] = [chooseTried(hosts), chooseTried6(hosts, plan.ipv6)];
  const said = await tryOut(lab, four, six);
  return {
    name: plan.name,
    driver: plan.driver,
    store: { kind: plan.store, state },
    hosts,
    tried: parseTried(four, said, 4),
    tried6: six.length === 0 ? null : parseTried(six, said, 6),
    lackIpv6: lackingIpv6(hosts, plan.ipv6),
  };
}

async function reportHost(lab: Lab, host: PlannedHost, isCut: boolean): Promise<HostReport> {
  const space = lab.spaces.get(host.name);
  const status = space ? await suiteStatus(host) : undefined;
  return {
    name: host.name,
    address: host.address,
    state: status?.state ?? 'absent',
    isCut,
    daemons: (status?.daemons ?? []).map(({ name, state, ready, restarts, pss, conditions }) => {
      return { name, state, ready, restarts, pss, conditions: conditions.filter(({ ok }) => !ok) };
    }),
    containers: await observeContainers(host, space),
    known: status ? await knownTo(host) : null,
  };
}

async function knownTo(host: PlannedHost): Promise<HostReport['known']> {
  try {
    const [hosts, containers] = await Promise.all(
      ['hosts', 'containers'].map((path) => askMetadata<unknown[]>(host, path)),
    );
    return { hosts: hosts?.length ?? 0, containers: containers?.length ?? 0 };
  } catch {
    return null; // it starts, stands still or is gone: its state tells more
  }
}

/** What the metadata service of a host says, as a program on the host hears it; undefined where the path leads to nothing. */
export function askMetadata<T>(host: PlannedHost, path: string): Promise<T | undefined> {
  return new MetadataClient(socketOn(host, 'metadata')).value<T>(`/latest/${path}`);
}

/** From every chosen container: ping to each other, each name, and the world outside; what each printed, by its place. */
async function tryOut(
  lab: Lab,
  four: readonly TriedContainer[],
  six: readonly TriedContainer[],
): Promise<Map<string, string>> {
  const rows = new Map([...four, ...six].map((one) => [placeOf(one), one]));
  const results = new Map<string, string>();
  await eachOf([...rows], rowsAtOnce, async ([place, { host, name }]) => {
    const space = lab.spaces.get(host);
    if (!space) return;
    const [program = '', ...words] = [...enter(space, name), 'sh', '-c', tryScript, 'sh', ...trialWords(four, six)];
    const { stdout } = await run(program, words, { timeoutMs: 60_000, okCodes: [0, 1] }).catch(() => {
      return { stdout: '' }; // its namespace is gone: nothing was reached
    });
    results.set(place, stdout);
  });
  return results;
}

/** Each pair of words and what came of it, a reply's time or an address; all at the same time, each with its deadline. */
const tryScript = `
one() {
  case $1 in
    ping) found=$(ping -n -c 1 -W 2 "$2" 2>/dev/null | grep -o 'time=[0-9.]*') ;;
    name) found=$(timeout 5 getent ahostsv4 "$2" | head -n 1) ;;
    name6) found=$(timeout 5 getent ahostsv6 "$2" | head -n 1) ;;
  esac
  echo "$1 $2 $found"
}
while [ $# -gt 1 ]; do
  one "$1" "$2" &
  shift 2
done
wait
`;
