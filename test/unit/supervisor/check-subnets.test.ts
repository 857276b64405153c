import t from 'tap';
import { renderError } from '../../../daemons/shared/model/errors.ts';
import { parseCidr4 } from '../../../daemons/shared/model/ipv4.ts';
import type { HostRoute } from '../../../daemons/shared/model/overlaps.ts';
import { checkSubnets } from '../../../daemons/supervisor/check-subnets.ts';

const route = (dst: string, device: string | null, own = false): HostRoute => ({ dst: parseCidr4(dst)!, device, own });
const networks = [{ name: 'corral', subnet: '10.42.0.0/16' }];

t.test('our own routes and devices, and the default route, are no obstacle', async (t) => {
  const routes = [route('0.0.0.0/0', 'eth0'), route('10.42.1.0/24', 'corral0'), route('10.42.0.0/16', null, true)];
  t.doesNotThrow(() => checkSubnets(networks, routes, ['lo', 'eth0', 'corral0']));
  t.doesNotThrow(() => checkSubnets(networks, [route('10.42.2.0/24', 'vtep1042')], ['vtep1042']));
});

t.test('a foreign route is named, with a range that is free', async (t) => {
  try {
    checkSubnets(networks, [route('10.42.3.0/24', 'cni0')], ['cni0']);
    t.fail('accepted');
  } catch (error) {
    t.match(
      renderError(error),
      /^SUBNET_OVERLAP: use 10\.42\.0\.0\/16 for the network corral: the host routes 10\.42\.3\.0\/24 \(device cni0\)\. 10\.\d+\.0\.0\/16 is free: set it as/,
    );
  }
});
