// Facts for the page's view: two hosts and what a test adds.
import type { HostObject, SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { Snapshot } from '../../../../daemons/shared/model/snapshot.ts';
import type { StoreStatus } from '../../../../daemons/supervisor/cli/render-cluster.ts';
import type { Peer } from '../../../../daemons/supervisor/cli/render-peers.ts';
import type { DaemonStatus, SuiteStatus } from '../../../../daemons/supervisor/describe-status.ts';
import type { Facts } from '../../../../daemons/supervisor/web/view-types.ts';
import { bareHost } from '../../../fixtures/bare-objects.ts';
import { hostId, otherHostId } from '../../support/snapshots.ts';

/** Wall time of the tests. */
export const noon = Date.parse('2026-01-02T12:00:00Z');

export const daemon: DaemonStatus = {
  name: 'dns',
  state: 'ready',
  ready: true,
  conditions: [],
  pid: 7,
  uptime: 60,
  restarts: 0,
  lastEnd: null,
  rss: 60_000_000,
  pss: 30_000_000,
  cpuPercent: 0.42,
  cpuSeconds: 3,
  version: '0.1.0',
};

export const suite: SuiteStatus = { state: 'ready', version: '0.1.0', launcher: 'process', daemons: [daemon] };

export function host(name: string, id: string, more: Partial<HostObject> = {}): HostObject {
  return { ...bareHost, id, name, hostname: name, agentIp: '192.0.2.9', vtepMac: '02:00:00:00:00:01', ...more };
}

export function peer(name: string, id: string, more: Partial<Peer> = {}): Peer {
  return {
    network: 'corral',
    hostId: id,
    host: name,
    address: '192.0.2.9',
    driver: 'vxlan',
    state: 'up',
    lastReplyMs: 100,
    rttMs: 0.5,
    mtuOk: true,
    since: new Date(noon - 90_000).toISOString(),
    ...more,
  };
}

export const etcd: StoreStatus = {
  kind: 'etcd',
  connected: true,
  clusterId: 'c',
  endpoints: ['http://192.0.2.1:2379'],
  waiting: 0,
  state: 'joined',
};

export const here = host('h1', hostId);
export const there = host('h2', otherHostId);

export function factsWith(objects: readonly SnapshotObject[], more: Partial<Facts> = {}): Facts {
  const snapshot = Snapshot.empty(hostId).apply({ put: objects, drop: [] }, { revision: 1, complete: true });
  return {
    suite,
    suiteAt: noon,
    zone: 'rancher.internal',
    snapshot,
    isFresh: true,
    store: etcd,
    hosts: null,
    hostsAt: noon,
    peers: [peer('h2', otherHostId)],
    peersAt: noon,
    events: [],
    ...more,
  };
}
