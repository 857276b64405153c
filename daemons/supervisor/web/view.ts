// Pure: the page's view of the suite and the cluster, from what is known at one moment.
import { Snapshot } from '../../shared/model/snapshot.ts';
import { storeStates } from '../cli/render-cluster.ts';
import type { DaemonStatus } from '../describe-status.ts';
import { filterOf } from './few.ts';
import { viewTroubles } from './troubles.ts';
import { viewContainers, viewNetworks, viewServices } from './view-containers.ts';
import { viewEvents } from './view-events.ts';
import { judgeHosts, viewHosts, viewTunnels, wholeSecond } from './view-hosts.ts';
import type { DaemonView, Facts, HostView, SuiteView, View } from './view-types.ts';

const unknown = Snapshot.empty('');

/** @param words filter of the lists; what is wrong and the counts are told whatever it is */
export function viewOf(facts: Facts, words = ''): View {
  const filter = filterOf(words);
  const snapshot = facts.snapshot ?? unknown;
  const judged = judgeHosts(facts);
  const states = new Map(judged.map(({ id, state }) => [id, state] as const));
  const { containers, ports, crewOf, perNetwork } = viewContainers(snapshot, states, filter);
  const hosts = judged.map((host): HostView => ({ ...host, ...crewOf(host.id) }));
  const tunnels = viewTunnels(facts, filter);
  const services = viewServices(snapshot, states, facts.zone, filter);
  const counts: SuiteView['counts'] = {
    hosts: hosts.length,
    hostsWell: hosts.filter(({ state }) => state === 'well' || state === 'declared').length,
    containers: containers.total,
    containersWell: hosts.reduce((sum, { running }) => sum + running, 0),
    services: services.total,
    tunnels: tunnels.total,
    tunnelsUp: (facts.peers ?? []).filter(({ state }) => state === 'up').length,
  };
  return {
    suite: viewSuite(facts, words, counts, hosts.find(({ isSelf }) => isSelf)?.name),
    troubles: viewTroubles(facts, hosts),
    hosts: viewHosts(hosts, filter),
    tunnels,
    networks: viewNetworks(snapshot, perNetwork),
    containers,
    services,
    ports,
    events: viewEvents(facts.events, filter),
    daemons: facts.suite.daemons.map((daemon) => viewDaemon(daemon, facts.suiteAt)),
  };
}

function viewSuite(facts: Facts, filter: string, counts: SuiteView['counts'], host: string | undefined): SuiteView {
  const { suite, zone, store, isFresh } = facts;
  return {
    host: host ?? 'this host',
    version: suite.version,
    zone,
    state: suite.state,
    launcher: suite.launcher,
    store: store && { kind: store.kind, state: store.state, text: storeStates[store.state] ?? store.state },
    isFresh,
    filter,
    counts,
  };
}

function viewDaemon(daemon: DaemonStatus, at: number): DaemonView {
  const { name, state, ready, pid, restarts, lastEnd, uptime, pss, rss, cpuPercent, conditions } = daemon;
  const memory = pss ?? rss;
  return {
    name,
    state,
    isReady: ready,
    pid,
    restarts,
    lastEnd,
    startedAt: uptime === null ? null : wholeSecond(at - uptime * 1_000),
    memory: memory === null ? null : Math.round(memory / 1e5) * 1e5,
    cpu: cpuPercent === null ? null : Math.round(cpuPercent * 10) / 10,
    wrong: conditions.filter(({ ok }) => !ok).map(({ text }) => text),
  };
}
