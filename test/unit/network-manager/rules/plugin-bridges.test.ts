// Networks whose bridge another CNI plugin makes.
import t from 'tap';
import { noPorts } from '../../../../daemons/network-manager/ports/port-ranges.ts';
import type { DeviceIp } from '../../../../daemons/network-manager/rules/observe.ts';
import { ruleFacts } from '../../../../daemons/network-manager/rules/rule-facts.ts';
import { wantRules } from '../../../../daemons/network-manager/rules/want-rules.ts';
import { parseIp } from '../../../../daemons/shared/model/ip.ts';
import { network, snapshotOf } from '../../support/snapshots.ts';

const plugins = [{ type: 'bridge', bridge: 'mine0' }, { type: 'portmap' }];
const made = { ...network('made', '10.99.0.0/24'), hostPorts: false, cniConfig: { '10-x.conflist': { plugins } } };

function forwardRules(device: string, address: string): readonly string[] {
  const addresses: DeviceIp[] = [{ device, address: parseIp(address)!, prefix: 24 }];
  const service = { address: parseIp('169.254.169.250')!, metadataPort: 80 };
  const facts = ruleFacts({ snapshot: snapshotOf([made]), addresses, service, refused: new Set(), ports: noPorts });
  return wantRules(facts).find(({ chain }) => chain === 'CATTLE_FORWARD')?.rules ?? [];
}

t.test('what passes the bridge that the plugin made is accepted', async (t) => {
  t.same(forwardRules('mine0', '10.99.0.1'), [
    '-s 10.99.0.0/24 -d 10.99.0.0/24 -j CATTLE_NETWORK_POLICY',
    '-s 10.99.0.0/24 -i mine0 -j ACCEPT',
    '-d 10.99.0.0/24 -o mine0 -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT',
  ]);
});

t.test('a device that has only its name, or only its range, is somebody else’s', async (t) => {
  t.same(forwardRules('mine0', '10.98.0.1'), []);
  t.same(forwardRules('uplink', '10.99.0.1'), []);
});
