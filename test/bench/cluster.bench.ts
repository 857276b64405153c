// Many hosts: how soon all of a lab's know of a newcomer, and one host beside 1,000 others that are in etcd alone.
import type { Bench } from './main.ts';
import { measureJoins } from './support/cluster/joins.ts';
import { measureSimulated } from './support/cluster/simulated.ts';

async function run(): Promise<void> {
  const parts = { joins: measureJoins, simulated: measureSimulated };
  const [, ...wanted] = process.argv.slice(2);
  for (const [name, part] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const undo: (() => void | Promise<void>)[] = [];
    try {
      await part({ teardown: (work) => undo.unshift(work) });
    } finally {
      for (const work of undo) await work();
    }
  }
}

export default { describe: 'Many hosts, in namespaces of their own', run } satisfies Bench;
