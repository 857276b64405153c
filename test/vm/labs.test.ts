// Labs with the whole suite on a kernel that has WireGuard and ESP. The tests of IPsec and of flat networks are those that run
// outside with ESP in user space, or are told there what the kernel lacks.
import t from 'tap';
import { testInside } from './support/inside.ts';

await testInside(t, [
  { file: 'lab-wireguard.test.ts', seconds: 480 },
  { file: '../../cluster/ipsec.test.ts', seconds: 840 },
  { file: '../../cluster/flat-secret.test.ts', seconds: 480 },
]);
