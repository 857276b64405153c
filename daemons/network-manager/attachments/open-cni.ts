// The CNI library, and the plugins of other makers beside it, as one library to whoever attaches.
import { setTimeout as pause } from 'node:timers/promises';
import { leaseHookMs } from '../../../cni-plugins/api.ts';
import { type Cni, createCni } from '../../../cni-plugins/library.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { ForeignCni } from '../cni-runtime/foreign-cni.ts';
import { PluginBinaries } from '../cni-runtime/plugin-binaries.ts';
import { foreignNetworks, programsOf, routedCni } from '../cni-runtime/routed-cni.ts';
import type { LeaseBook } from './lease-book.ts';
import type { Reporter } from './reporter.ts';

/** Where distributions put the reference plugins. */
const distributionPlugins = '/usr/lib/cni';

export interface OpenCni {
  /** Corral's own plugins. */
  readonly own: Cni;
  /** Those or others, as the network wants. */
  readonly cni: Pick<Cni, 'add' | 'del' | 'check'>;
  readonly binaries: PluginBinaries;
  /** Networks that others make may differ from before. */
  onNetworks(snapshot: Snapshot): void;
}

export interface CniDeps {
  readonly context: Pick<DaemonContext, 'paths' | 'log'>;
  readonly bootId: string;
  readonly book: Pick<LeaseBook, 'lookAt'>;
  readonly reporter: Reporter;
}

export function openCni({ context, bootId, book, reporter }: CniDeps): OpenCni {
  const { paths, log } = context;
  const own = createCni({
    paths,
    onLease: (lease) => book.lookAt(lease),
    // metadata takes the record while the kernel makes the link; then its acknowledgement is mostly there already.
    ahead: { tell: (lease) => reporter.put(lease), takeBack: (lease) => void reporter.gone(lease) },
  });
  const foreign = new ForeignCni({
    paths,
    bootId,
    settings: { path: [paths.cniBin, distributionPlugins] },
    onLease: (lease) => Promise.race([book.lookAt(lease), pause(leaseHookMs, undefined, { ref: false })]),
  });
  const binaries = new PluginBinaries({
    dir: paths.cniBin,
    others: [distributionPlugins],
    onInstalled: (name, container) =>
      log.info({ event: 'plugin.installed', name, container }, 'installed a CNI plugin'),
    onFault: ({ name }, error) => log.warn({ event: 'plugin.failed', name, error }, 'a container brings no CNI plugin'),
  });
  return {
    own,
    cni: routedCni(own, foreign),
    binaries,
    onNetworks(snapshot) {
      const others = foreignNetworks(snapshot);
      foreign.setNetworks(others);
      binaries.setWanted(programsOf(others));
    },
  };
}
