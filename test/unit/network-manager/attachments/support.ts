// Containers and leases for the tests of attachments.
import type { Lease } from '../../../../cni-plugins/library.ts';
import type { DockerContainer } from '../../../../daemons/shared/effects/docker/container.ts';

export const id = 'a'.repeat(64);

export function container(given: Partial<DockerContainer> = {}): DockerContainer {
  return {
    id,
    name: 'web',
    running: true,
    pid: 4242,
    startedAt: '2030-01-01T00:00:00.123456789Z',
    createdAt: 1_700_000_000_000,
    restarts: 0,
    health: null,
    labels: {},
    hostname: 'aaaaaaaaaaaa',
    domainname: '',
    networkMode: 'none',
    ports: [],
    dns: [],
    dnsSearch: [],
    links: {},
    resolvConfPath: '',
    hostsPath: '',
    ...given,
  };
}

export function lease(given: Partial<Lease> = {}, attachment: Partial<Lease['attachment']> = {}): Lease {
  return {
    version: 1,
    phase: 'done',
    containerId: id,
    ifname: 'eth0',
    network: 'corral',
    netnsPath: '/proc/4242/ns/net',
    netnsInode: 4026532000,
    bootId: 'boot',
    addresses: ['10.42.0.5/24'],
    mac: '0a:58:0a:2a:00:05',
    bridge: 'corral0',
    hostVeth: 'vethraaaaaaaaaa',
    config: { cniVersion: '1.1.0', name: 'corral', type: 'corral-bridge' },
    args: {},
    result: { interfaces: [], ips: [{ address: '10.42.0.5/24', gateway: '10.42.0.1' }], routes: [], dns: {} },
    createdAt: 1_800_000_000_000,
    attachment: {
      name: 'web',
      externalId: id,
      engine: 'docker',
      labels: {},
      ports: [],
      hostname: null,
      containerUuid: null,
      ...attachment,
    },
    ...given,
  };
}
