// `corral cleanup`: takes everything of Corral's off this host, with no daemon's help.
import { loadConfig } from '../../shared/daemon/config.ts';
import { exitCodes } from '../../shared/daemon/exit-codes.ts';
import { openNetlink } from '../../shared/effects/netlink.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { daemonNames, daemonSocket, type Paths } from '../../shared/model/paths.ts';
import { callRaw } from '../../shared/source/call.ts';
import { describeFindings, findAll } from '../cleanup/find.ts';
import { removeAll } from '../cleanup/remove.ts';
import { type Command, jsonOption } from './command.ts';
import { suitePaths } from './paths.ts';

export const command: Command = {
  spec: {
    name: 'cleanup',
    positionals: [],
    options: {
      yes: { type: 'boolean', help: 'remove it; without this it is only shown' },
      force: { type: 'boolean', help: 'although the suite runs, which would make it all again' },
      json: jsonOption,
    },
    about:
      'Removes what Corral made on this host: chains and jumps, bridges and containers’ links, routes, addresses, address\n' +
      'blocks, leases and CNI configurations, its lines in resolv.conf and hosts of running containers; forwarding and\n' +
      'accept_ra are as before. Containers lose their network. The store, logs and corral.yaml stay.',
    example: 'corral cleanup --yes',
  },
  async run(args) {
    if (process.getuid?.() !== 0) {
      throw new SuiteError('NOT_ROOT', 'clean this host up', { hint: 'become root and run it again' });
    }
    const paths = suitePaths();
    if (args.flag('yes') && !args.flag('force')) await refuseIfRunning(paths);
    const config = loadConfig(paths.config, process.env);
    const netlink = openNetlink();
    try {
      const found = await findAll(netlink, paths, config);
      if (args.flag('yes')) await removeAll(found, netlink, paths);
      const lines = describeFindings(found);
      if (args.flag('json')) console.log(JSON.stringify({ removed: args.flag('yes'), found: lines }));
      else process.stdout.write(tell(lines, args.flag('yes')));
      return exitCodes.done;
    } finally {
      netlink.close();
    }
  },
};

function tell(lines: readonly string[], removed: boolean): string {
  if (lines.length === 0) return 'Nothing of Corral is on this host.\n';
  const head = removed ? 'Removed:' : 'Would remove (nothing was changed; corral cleanup --yes removes it):';
  return `${[head, ...lines.map((line) => `  ${line}`)].join('\n')}\n`;
}

async function refuseIfRunning(paths: Paths): Promise<void> {
  for (const name of daemonNames) {
    if (!(await answers(daemonSocket(paths, name)))) continue;
    throw new SuiteError('ALREADY_RUNNING', `clean up while ${name} runs`, {
      hint: 'stop the suite first, or use --force',
    });
  }
}

/** Anybody who is there counts, whatever he says. */
async function answers(socket: string): Promise<boolean> {
  try {
    await callRaw(socket, '/healthz', { timeoutMs: 3_000 });
    return true;
  } catch (error) {
    return !hasCode(error, 'NOT_RUNNING');
  }
}
