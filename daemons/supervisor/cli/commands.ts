// The commands of `corral`. Each is loaded when it is called: `corral version` must not wait for what `corral up` needs.
import type { Command } from './command.ts';

export interface Entry {
  readonly summary: string;
  load(): Promise<{ command: Command }>;
}

/** Commands of two words: `corral lab up`. */
export interface Group {
  readonly summary: string;
  readonly group: Readonly<Record<string, Entry>>;
}

export type Commands = Readonly<Record<string, Entry | Group>>;

const lab: Readonly<Record<string, Entry>> = {
  up: { summary: 'make hosts, each with the whole suite and containers', load: () => import('./lab-up.ts') },
  status: { summary: 'hosts, daemons, containers, and who reaches whom', load: () => import('./lab-status.ts') },
  exec: { summary: 'run a program on a host or in a container', load: () => import('./lab-exec.ts') },
  run: { summary: 'start another container', load: () => import('./lab-run.ts') },
  rm: { summary: 'end a container', load: () => import('./lab-rm.ts') },
  fault: { summary: 'cut, heal, kill, pause, resume; stop and start the store', load: () => import('./lab-fault.ts') },
  down: { summary: 'take all of it away', load: () => import('./lab-down.ts') },
};

const network: Readonly<Record<string, Entry>> = {
  ls: { summary: 'the networks, with the blocks of the hosts', load: () => import('./network-ls.ts') },
  create: { summary: 'add a network to the cluster', load: () => import('./network-create.ts') },
  set: { summary: 'change the driver of a network', load: () => import('./network-set.ts') },
  rm: { summary: 'remove a network that nobody uses', load: () => import('./network-rm.ts') },
};

const host: Readonly<Record<string, Entry>> = {
  ls: { summary: 'the hosts of the cluster', load: () => import('./host-ls.ts') },
  rm: { summary: 'remove a host that is gone for good', load: () => import('./host-rm.ts') },
  trust: { summary: 'accept the new identity of a host', load: () => import('./host-trust.ts') },
};

const keys: Readonly<Record<string, Entry>> = {
  ls: { summary: 'public keys of this host, and whom it trusts', load: () => import('./keys-ls.ts') },
  rotate: { summary: 'announce new keys, then use them', load: () => import('./keys-rotate.ts') },
};

const store: Readonly<Record<string, Entry>> = {
  status: { summary: 'which store, and whether it is reached', load: () => import('./store-status.ts') },
  init: { summary: 'make a cluster of an empty etcd now', load: () => import('./store-init.ts') },
  export: { summary: 'write everything that the store holds', load: () => import('./store-export.ts') },
  import: { summary: 'bring an export back', load: () => import('./store-import.ts') },
  migrate: { summary: 'move this host from its own file to etcd', load: () => import('./store-migrate.ts') },
};

export const commands: Commands = {
  up: { summary: 'run the suite on this host, in the foreground', load: () => import('./up.ts') },
  status: { summary: 'how every daemon is, and what is wrong', load: () => import('./status.ts') },
  doctor: { summary: 'look for what is wrong, with remedies', load: () => import('./doctor.ts') },
  bundle: { summary: 'an archive for support, without secrets', load: () => import('./bundle.ts') },
  logs: { summary: 'what the daemons wrote, and write', load: () => import('./logs.ts') },
  events: { summary: 'what happened lately', load: () => import('./events.ts') },
  restart: { summary: 'end a daemon in order and start it again', load: () => import('./restart.ts') },
  takeover: { summary: 'let the running suite go on as this release', load: () => import('./takeover.ts') },
  loglevel: { summary: 'how much a daemon writes to its log', load: () => import('./loglevel.ts') },
  attach: { summary: 'give a network namespace or a container an address', load: () => import('./attach.ts') },
  detach: { summary: 'take the address back', load: () => import('./detach.ts') },
  get: { summary: 'read from the metadata service', load: () => import('./get.ts') },
  resolve: { summary: 'look a name up', load: () => import('./resolve.ts') },
  diff: { summary: 'what is wanted against what there is; changes nothing', load: () => import('./diff.ts') },
  network: { summary: 'list, create and remove networks', group: network },
  host: { summary: 'list, remove and trust hosts of the cluster', group: host },
  keys: { summary: 'keys of the secret tunnels', group: keys },
  store: { summary: 'the store: its state, export, import, migration', group: store },
  cleanup: { summary: 'take everything of Corral off this host', load: () => import('./cleanup.ts') },
  cni: { summary: 'put the CNI plugins where container runtimes look for them', load: () => import('./cni.ts') },
  lab: { summary: 'several hosts on one machine, to try things out', group: lab },
  version: { summary: 'print the version', load: () => import('./version.ts') },
};

export function renderOverview(): string {
  return [
    'Usage: corral COMMAND [options]',
    '',
    'Networks, names and facts for the containers of this host.',
    '',
    ...listed(commands),
    '',
    'corral COMMAND --help tells more. CORRAL_ROOT=DIR works on a second suite below DIR.',
    'Exit codes: 0 done, 1 failed, 2 wrong use, 3 not ready.',
    '',
  ].join('\n');
}

export function renderGroup(name: string, { summary, group }: Group): string {
  return [
    `Usage: corral ${name} COMMAND [options]`,
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    '',
    ...listed(group),
    '',
    `corral ${name} COMMAND --help tells more.`,
    '',
  ].join('\n');
}

function listed(entries: Commands): string[] {
  const width = Math.max(...Object.keys(entries).map((name) => name.length));
  return Object.entries(entries).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
}
