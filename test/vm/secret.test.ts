// WireGuard and IPsec on a kernel that has them.
import t from 'tap';
import { testInside } from './support/inside.ts';

await testInside(t, [
  { file: 'wireguard.test.ts', seconds: 600 },
  { file: 'ipsec.test.ts', seconds: 600 },
  { file: 'bad-paths.test.ts', seconds: 600 },
]);
