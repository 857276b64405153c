// The commands of `corral`. Each is loaded when it is called: `corral version` must not wait for what `corral up` needs.
import type { Command } from './command.ts';

interface Entry {
  readonly summary: string;
  load(): Promise<{ command: Command }>;
}

export const commands: Readonly<Record<string, Entry>> = {
  up: { summary: 'run the suite on this host, in the foreground', load: () => import('./up.ts') },
  status: { summary: 'how every daemon is, and what is wrong', load: () => import('./status.ts') },
  attach: { summary: 'give a network namespace or a container an address', load: () => import('./attach.ts') },
  detach: { summary: 'take the address back', load: () => import('./detach.ts') },
  get: { summary: 'read from the metadata service', load: () => import('./get.ts') },
  resolve: { summary: 'look a name up', load: () => import('./resolve.ts') },
  diff: { summary: 'what is wanted against what there is; changes nothing', load: () => import('./diff.ts') },
  cleanup: { summary: 'take everything of Corral off this host', load: () => import('./cleanup.ts') },
  cni: { summary: 'put the CNI plugins where container runtimes look for them', load: () => import('./cni.ts') },
  version: { summary: 'print the version', load: () => import('./version.ts') },
};

export function renderOverview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'Usage: corral COMMAND [options]',
    '',
    'Networks, names and facts for the containers of this host.',
    '',
    ...lines,
    '',
    'corral COMMAND --help tells more. CORRAL_ROOT=DIR works on a second suite below DIR.',
    'Exit codes: 0 done, 1 failed, 2 wrong use, 3 not ready.',
    '',
  ].join('\n');
}
