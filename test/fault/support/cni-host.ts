// Serves cni.sock as network-manager does, and does to itself what a test wants after a step of ADD.
// Arguments: root; then, optionally, `kill` or `stop`, the step, and after how many times of it. Prints each step's name.
import { writeSync } from 'node:fs';
import { createCni } from '../../../cni-plugins/library.ts';
import { serveCni } from '../../../daemons/network-manager/cni-host/serve-cni.ts';
import { pathsBelow } from '../../../daemons/shared/model/paths.ts';

const [root = '', what, step, times = '1'] = process.argv.slice(2);
const paths = pathsBelow(root);
let left = Number(times);

const cni = createCni({
  paths,
  afterStep: (name) => {
    writeSync(1, `${name}\n`);
    if (name !== step) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, what === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  },
});
await serveCni({ path: paths.cniSocket, cni });
writeSync(1, 'listening\n');
