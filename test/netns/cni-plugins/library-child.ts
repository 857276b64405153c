// Runs the library inside a namespace. stdin: { root, requests: [{env, stdin}], failAfter?, killAfter? }; all requests at
// once; stdout: the replies, and what the lease hook was told.
import { readFileSync } from 'node:fs';
import { createCni } from '../../../cni-plugins/library.ts';
import { pathsBelow } from '../../../daemons/shared/model/paths.ts';

interface Job {
  readonly root: string;
  readonly requests: readonly { env: Record<string, string>; stdin: string }[];
  readonly failAfter?: string;
  readonly killAfter?: string;
}

const job = JSON.parse(readFileSync(0, 'utf8')) as Job;
const told: string[] = [];
const cni = createCni({
  paths: pathsBelow(job.root),
  onLease: (lease, change) => {
    told.push(`${change} ${lease.containerId}`);
    return new Promise(() => undefined); // a daemon that never answers must not hold up anyone
  },
  afterStep: (step) => {
    if (step === job.failAfter) throw new Error(`injected after ${step}`);
    if (step === job.killAfter) process.kill(process.pid, 'SIGKILL');
  },
});
const begun = performance.now();
const replies = await Promise.all(job.requests.map((request) => cni.handle(request)));
const ms = performance.now() - begun;
cni.close();
console.log(JSON.stringify({ replies, told, ms }));
