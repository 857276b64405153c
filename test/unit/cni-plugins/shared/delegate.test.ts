import t from 'tap';
import { callFromRef, delegateCallOf } from '../../../../cni-plugins/shared/call.ts';
import { delegateType } from '../../../../cni-plugins/shared/delegate.ts';
import { cniCodeOf } from '../cni-code-of.ts';

t.test('whose work the IPAM is', async (t) => {
  for (const type of ['', 'corral-ipam', 'rancher-cni-ipam', 'rancher-host-local-ipam']) {
    t.equal(delegateType({ ipam: { type } }), undefined, type);
  }
  t.equal(delegateType({}), undefined);
  for (const type of ['host-local', 'dhcp', 'a.b_c']) t.equal(delegateType({ ipam: { type } }), type);
  for (const type of ['../x', '/bin/sh', 'a b', '-x', '.', 'a\nb', 'x'.repeat(129), 7, {}, ['host-local']]) {
    t.equal(
      cniCodeOf(() => delegateType({ ipam: { type } })),
      7,
      JSON.stringify(type),
    );
  }
});

t.test('what it is called with', async (t) => {
  const config = { cniVersion: '1.0.0', name: 'n' };
  const call = callFromRef(
    {
      containerId: 'c',
      netnsPath: '/run/netns/x',
      callerRoot: '/proc/7/root',
      args: { IP: '10.0.0.1', A: 'b' },
      config,
    },
    'ADD',
  );
  t.match(delegateCallOf(call), {
    callerRoot: '/proc/7/root',
    env: {
      CNI_CONTAINERID: 'c',
      CNI_IFNAME: 'eth0',
      CNI_NETNS: '/proc/7/root/run/netns/x',
      CNI_ARGS: 'IP=10.0.0.1;A=b',
    },
  });
  t.same(delegateCallOf(callFromRef({ containerId: 'c', config }, 'DEL')).env, {
    CNI_CONTAINERID: 'c',
    CNI_IFNAME: 'eth0',
  });
});
