// `corral lab up`: several hosts on this machine, each with the whole suite.
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { patience } from '../../shared/effects/patience.ts';
import { takeDown } from '../lab/down.ts';
import type { Lab } from '../lab/lab-file.ts';
import { requireForLab } from '../lab/needs.ts';
import { type LabReport, observeLab } from '../lab/observe-lab.ts';
import { planLab, readLabOptions } from '../lab/plan-lab.ts';
import { isWell, renderLab } from '../lab/render-lab.ts';
import { until } from '../lab/until.ts';
import { bringUp } from '../lab/up.ts';
import type { Args, Command } from './command.ts';
import { nameOption } from './lab-options.ts';

/** Time in which the hosts must have heard of each other. */
const meetMs = 45_000;

export const command: Command = {
  spec: {
    name: 'lab up',
    positionals: [],
    options: {
      hosts: { type: 'string', value: 'N', help: 'number of hosts; default: 3' },
      containers: { type: 'string', value: 'M', help: 'containers that each host begins with; default: 2' },
      driver: {
        type: 'string',
        value: 'DRIVER',
        help: 'how hosts reach each other: vxlan (default), ipsec, wireguard or none',
      },
      store: { type: 'string', value: 'STORE', help: 'etcd (default with several hosts) or sqlite, one on each host' },
      ipv6: { type: 'boolean', help: 'containers have an IPv6 address too' },
      name: nameOption,
    },
    about:
      'Makes hosts out of namespaces, each with the whole suite and containers, joined by a bridge of their own; tells who\n' +
      'reaches whom, and leaves them running. Nothing of this machine’s own network is touched. Ctrl-C takes all of it back.',
    example: 'corral lab up --hosts 3',
  },
  async run(args) {
    const plan = planLab(readOptions(args));
    requireForLab(plan);
    console.log(`lab ${plan.name}: ${plan.hosts} hosts, driver ${plan.driver}, store ${plan.store}; in ${plan.dir}`);
    undoOnSignals(plan.name);
    const lab = await bringUp(plan, { tell: (line) => console.log(line) });
    const report = await meet(lab);
    const option = plan.name === 'lab' ? '' : ` --name ${plan.name}`;
    process.stdout.write(`\n${renderLab(report)}\n`);
    console.log(
      `next: corral lab exec${option} h1/a1 -- ping a2, corral lab status${option}, corral lab down${option}`,
    );
    return isWell(report) ? exitCodes.done : exitCodes.notReady;
  },
};

function readOptions(args: Args): ReturnType<typeof readLabOptions> {
  const [name, hosts, driver] = [args.one('name'), args.one('hosts'), args.one('driver')];
  const [store, containers, ipv6] = [args.one('store'), args.one('containers'), args.flag('ipv6')];
  return readLabOptions({ name, hosts, driver, store, containers, ipv6 });
}

/** The last look, whether all was well in time or not. */
async function meet(lab: Lab): Promise<LabReport> {
  let last = await observeLab(lab);
  const deadline = performance.now() + meetMs * patience;
  await until(meetMs + 30_000, 'look at the lab', async () => {
    if (isWell(last) || performance.now() > deadline) return true;
    last = await observeLab(lab);
    return false;
  });
  return last;
}

/** A lab that is half made is of no use to anybody. */
function undoOnSignals(name: string): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      console.log(`${signal}: taking the lab back`);
      void takeDown(name).finally(() => process.exit(exitCodes.failed));
    });
  }
}
