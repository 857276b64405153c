import t from 'tap';
import { OwnNetworks, type OwnRanges } from '../../../daemons/dns/own-networks.ts';
import { renderCidr } from '../../../daemons/shared/model/ip.ts';
import type { NetworkObject } from '../../../daemons/shared/model/objects.ts';
import { Snapshot } from '../../../daemons/shared/model/snapshot.ts';
import { hostId } from './support/objects.ts';

function network(name: string, subnet: string, subnet6?: string): NetworkObject {
  const fixed = { kind: 'network', driver: 'vxlan', isDefault: false, mtu: null, hostPorts: true, bridge: '' } as const;
  return { ...fixed, id: name, name, subnet, block: 24, ...(subnet6 === undefined ? {} : { subnet6, block6: 64 }) };
}

function snapshotOf(...put: NetworkObject[]): Snapshot {
  return Snapshot.empty(hostId).apply({ put, drop: [] }, { revision: 1, complete: true });
}

t.test('ranges of the configuration and of the cluster, told when they change', async (t) => {
  const told: string[] = [];
  const tell = ({ subnets, hasIpv6 }: OwnRanges): void =>
    void told.push([...subnets.map(renderCidr), hasIpv6 ? 'IPv6' : 'IPv4'].join(' '));
  const own = new OwnNetworks(tell);
  own.useConfig([{ subnet: '10.42.0.0/16' }]);
  own.useSnapshot(snapshotOf(network('corral', '10.42.0.0/16')));
  t.same(told, ['10.42.0.0/16 IPv4'], 'the same network twice is no change');
  own.useSnapshot(snapshotOf(network('corral', '10.42.0.0/16'), network('six', '10.50.0.0/16', 'fd00:50::/48')));
  own.useSnapshot(snapshotOf(network('six', '10.50.0.0/16', 'fd00:50::/48')));
  own.useConfig([{ subnet: '10.43.0.0/16', subnet6: undefined }]);
  t.same(told.slice(1), ['10.42.0.0/16 10.50.0.0/16 fd00:50::/48 IPv6', '10.43.0.0/16 10.50.0.0/16 fd00:50::/48 IPv6']);
});
