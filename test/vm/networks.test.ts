// What needs a kernel with ESP, WireGuard and netem, in one virtual machine.
import t from 'tap';
import { testInside } from './support/inside.ts';

await testInside(t, [
  { file: 'features.test.ts', seconds: 180 },
  { file: 'bad-underlay.test.ts', seconds: 450 },
]);
