// Labs with the whole suite on a kernel that has WireGuard and ESP; the test of IPsec is the one that runs outside with ESP in
// user space.
import t from 'tap';
import { testInside } from './support/inside.ts';

await testInside(t, [
  { file: 'lab-wireguard.test.ts', seconds: 480 },
  { file: '../../cluster/ipsec.test.ts', seconds: 840 },
]);
