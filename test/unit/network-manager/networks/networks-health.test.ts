import t from 'tap';
import { stateOfNetworks } from '../../../../daemons/network-manager/networks/networks-health.ts';
import type { Fault } from '../../../../daemons/network-manager/networks/steps.ts';
import { SuiteError } from '../../../../daemons/shared/model/errors.ts';

const overlap: Fault = { network: 'a', code: 'SUBNET_OVERLAP', text: 'in the way' };
const leftover: Fault = { network: 'b', code: 'SUBNET_IN_USE', text: 'still has ports' };

t.test('what health says of networks', async (t) => {
  t.same(stateOfNetworks(1, [], undefined), { ok: true, text: '1 network' });
  t.match(stateOfNetworks(0, [], undefined), { ok: false, code: 'BLOCK_MISSING' });
  t.match(stateOfNetworks(1, [overlap], undefined), { ok: false, code: 'SUBNET_OVERLAP', degradesOnly: true });
  t.match(stateOfNetworks(0, [overlap], undefined), { code: 'SUBNET_OVERLAP', degradesOnly: false }, 'none works');
  t.match(stateOfNetworks(0, [leftover], undefined), { degradesOnly: true });
  t.equal(stateOfNetworks(2, [overlap, leftover], undefined).text, 'a: in the way; b: still has ports');
  const failure = new SuiteError('NETLINK_REFUSED', 'make corral0', { hint: 'ask the kernel' });
  t.match(stateOfNetworks(2, [overlap], failure), { code: 'NETLINK_REFUSED', text: 'make corral0. ask the kernel' });
  t.match(stateOfNetworks(2, [], new Error('odd')), { code: 'INTERNAL', text: 'odd' });
});
