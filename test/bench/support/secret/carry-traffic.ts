// What secrecy costs: TCP from container to container over each driver, in turn, on two hosts of one lab in the virtual machine
// of the tests, whose kernel has them all. Its processor is emulated: ratios mean something, figures do not.
import { findKernel } from '../../../vm/support/kernel.ts';
import { runMachine } from '../../../vm/support/machine.ts';
import { nodeCommand, packRelease } from '../../../vm/support/release.ts';
import { renderSamples, type Sample } from './sample.ts';

const drivers = ['vxlan', 'wireguard', 'ipsec'];
const rounds = 5;
const seconds = 4;
const child = new URL('lab-child.ts', import.meta.url).pathname;

/** Prints a table. */
export async function carryTraffic(): Promise<void> {
  console.log(`${rounds} transfers of ${seconds} s over each of ${drivers.join(', ')}, in turn`);
  console.log(`Debian's kernel ${findKernel().version}, two emulated processors`);
  const release = packRelease();
  let said = '';
  try {
    await runMachine({
      jobs: [{ command: nodeCommand(release, child, String(rounds), String(seconds), ...drivers), seconds: 1_800 }],
      hear: (heard) => {
        if (heard.kind === 'text') said += heard.text;
      },
    });
  } finally {
    release.remove();
  }
  const line = said.split('\n').find((one) => one.startsWith('{'));
  if (line === undefined) throw new Error(`nothing was measured: ${said.slice(-2_000)}`);
  console.log(renderSamples(JSON.parse(line) as Record<string, Sample[]>));
}
