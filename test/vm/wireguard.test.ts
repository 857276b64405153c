// WireGuard on a kernel that has it.
import t from 'tap';
import { testInside } from './support/inside.ts';

await testInside(t, [{ file: 'wireguard.test.ts', seconds: 600 }]);
