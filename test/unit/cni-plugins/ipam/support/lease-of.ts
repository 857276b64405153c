// A finished lease of a container, for tests of what is done with leases.
import { type Lease, leaseVersion } from '../../../../../cni-plugins/ipam/lease.ts';
import { emptyResult } from '../../../../../cni-plugins/shared/result.ts';

export function leaseOf(containerId: string, addresses: readonly string[]): Lease {
  return {
    version: leaseVersion,
    phase: 'done',
    containerId,
    ifname: 'eth0',
    network: 'corral',
    netnsPath: '/run/netns/x',
    netnsInode: 1,
    bootId: 'boot-1',
    addresses,
    mac: '02:00:00:00:00:0a',
    bridge: 'corral0',
    hostVeth: 'vethr1',
    config: {},
    args: {},
    result: emptyResult,
    createdAt: 1,
    attachment: {
      name: 'x',
      externalId: null,
      engine: 'cni',
      labels: {},
      ports: [],
      hostname: null,
      containerUuid: null,
    },
  };
}
