import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseIpamConf } from '../../../../cni-plugins/ipam/ipam-conf.ts';
import { readPool } from '../../../../cni-plugins/ipam/read-pool.ts';
import { renderCidr, renderIp } from '../../../../daemons/shared/model/ip.ts';
import { dualBlock as block } from '../../../fixtures/blocks.ts';

t.test('where the addresses of a network come from, strongest first', async (t) => {
  const blocks = t.testdir({ 'corral.json': JSON.stringify(block) });
  const show = (config: object, args: Record<string, string> = {}): string => {
    const pool = readPool(blocks, parseIpamConf({ name: 'corral', ...config }, args));
    const sets = pool.sets.map(({ ranges }) =>
      ranges.map((one) => `${renderCidr(one.subnet)} /${one.prefix} ${renderIp(one.gateway!)}`).join('+'),
    );
    return [pool.block ? 'block' : 'own', ...sets].join(', ');
  };
  const bridge = { bridgeSubnet: '10.50.0.0/16' };
  const ranges = { ipam: { subnet: '10.9.0.0/24' } };
  const other = { name: 'other' };
  t.equal(show({ ...ranges, ...bridge }), 'own, 10.9.0.0/24 /24 10.9.0.1');
  t.equal(show(bridge), 'block, 10.42.7.0/24 /24 10.42.7.1, fd00:7::/64 /64 fd00:7::1');
  t.equal(show({ ...other, network: 'corral' }), show({}), '`network` names the block');
  t.equal(show({ ...other, ...bridge }), 'own, 10.50.0.0/16 /16 10.50.0.1');
  t.equal(show({ ...other, ...bridge, ipam: { subnetPrefixSize: '/24' } }), 'own, 10.50.0.0/16 /24 10.50.0.1');
  t.equal(show(other, { IPAddress: '192.0.2.9/24' }), 'own, 192.0.2.0/24 /24 192.0.2.1');
  t.equal(
    show({ ...other, ipam: { subnetPrefixSize: '/16' } }, { IP: '192.0.2.9' }),
    'own, 192.0.0.0/16 /16 192.0.0.1',
  );
  t.throws(() => show(other), { code: 'BLOCK_MISSING', message: /other\.json/ });
  t.throws(() => show(other, { IP: '192.0.2.9' }), { code: 'BLOCK_MISSING' }, 'no prefix, no network');
  t.throws(() => show(other, { IP: '192.0.2.9/24,192.0.3.9' }), { code: 'BLOCK_MISSING' });
  writeFileSync(join(blocks, 'other.json'), JSON.stringify(block));
  t.throws(() => show(other), { code: 'CONFIG_INVALID' }, 'another network’s block');
});
