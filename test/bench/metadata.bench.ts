// The metadata service beside a bare server and nginx: requests per CPU-second, held long polls, a change among many.
import type { Bench } from './main.ts';
import { measureManyHosts } from './support/metadata/many-hosts.ts';
import { measurePolls } from './support/metadata/polls.ts';
import { measureRequests } from './support/metadata/requests.ts';

async function run(): Promise<void> {
  const parts: Record<string, () => Promise<void>> = {
    requests: measureRequests,
    polls: measurePolls,
    hosts: measureManyHosts,
  };
  const [, ...wanted] = process.argv.slice(2);
  for (const [name, part] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await part();
}

export default { describe: 'The metadata service, in namespaces of its own', run } satisfies Bench;
