import t from 'tap';
import { hostVethMac, hostVethNames, linkAlias } from '../../../../cni-plugins/bridge/names.ts';

const long = '0123456789ab'.repeat(6).slice(0, 64);

t.test('names of the host’s end', async (t) => {
  const [first, second] = hostVethNames({ network: 'corral', containerId: long, ifname: 'eth0' });
  t.equal(first, 'vethr0123456789', 'Rancher’s formula');
  t.match(second, /^vethr[0-9a-f]{10}$/);
  const others = [
    { network: 'corral', containerId: long, ifname: 'eth1' },
    { network: 'other', containerId: long, ifname: 'eth1' },
    { network: 'corral', containerId: 'short', ifname: 'eth0' },
  ].map(hostVethNames);
  for (const names of others) t.match(names, [/^vethr[0-9a-f]{10}$/]);
  t.equal(new Set([first, second, ...others.flat()]).size, 5);
});

t.test('the alias fits into the kernel’s 255 bytes', async (t) => {
  const alias = linkAlias({ network: 'n'.repeat(63), containerId: 'c'.repeat(160), ifname: 'i'.repeat(15) });
  t.ok(Buffer.byteLength(alias) <= 255);
  t.match(hostVethMac({ network: 'a', containerId: 'b', ifname: 'c' }), /^0e(:[0-9a-f]{2}){5}$/);
});
