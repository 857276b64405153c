// network-manager: attaches containers, keeps bridges and rules, reports what is attached. See README.md.
import { setPriority } from 'node:os';
import { type DaemonContext, type RunningDaemon, runDaemon } from '../shared/daemon/life.ts';
import { tellMetadata } from '../shared/daemon/tell-metadata.ts';
import { openNetlink } from '../shared/effects/netlink.ts';
import { daemonSocket } from '../shared/model/paths.ts';
import { watchSnapshot } from '../shared/source/watch.ts';
import { startAttachments } from './attachments/start-attachments.ts';
import { BlocksKeeper } from './blocks/main.ts';
import { serveCni } from './cni-host/serve-cni.ts';
import { HostLinks } from './host-links.ts';
import { startKeepers } from './keepers.ts';
import { watchHost } from './watch-host.ts';

void runDaemon('network-manager', start);

async function start(context: DaemonContext): Promise<RunningDaemon> {
  const { paths, health, log } = context;
  comeFirst();
  health.set('started', { ok: false, code: 'NOT_READY', text: 'waits for the first snapshot and the first bridges' });
  const netlink = openNetlink();
  const hostWatch = watchHost(context);
  const links = new HostLinks(netlink, () => hostWatch.isOpen);
  hostWatch.listen({ onLink: () => links.doubt(), onResync: () => links.doubt() });
  const host = { netlink, links, watch: hostWatch };
  const keepers = startKeepers({ context, ...host });
  const attachments = startAttachments(context, host);
  const blocks = new BlocksKeeper({
    context,
    leases: attachments.leases,
    onWithheld: (names) => keepers.withhold(names),
  });
  attachments.listen(() => blocks.poke());
  const cniHost = await serveCni({ path: paths.cniSocket, cni: attachments.cni, onServed: cniMeter(context) });
  void keepers.ready.then(() => {
    attachments.begin();
    health.set('started', { ok: true, text: 'bridges are kept and containers attached' });
    log.info({ event: 'attachments.begun' }, 'the first bridges are there');
  });
  const watch = watchSnapshot({
    socketPath: daemonSocket(paths, 'metadata'),
    kinds: ['network', 'block', 'container', 'host', 'service', 'stack'],
    onSnapshot: (snapshot, change) => {
      keepers.onSnapshot(snapshot, change);
      attachments.onSnapshot(snapshot, change);
      blocks.onSnapshot(snapshot);
    },
    onState: (fault) => tellMetadata(context, fault),
  });
  return {
    async stop() {
      watch.close();
      await cniHost.close();
      await Promise.all([attachments.stop(), keepers.stop(), blocks.close(), hostWatch.close()]);
      netlink.close();
    },
  };
}

/**
 * When hundreds of containers start at once, this daemon must be heard among them: a plugin that is not greeted in 300 ms
 * becomes a process of its own, which costs twenty times as much and makes the next one wait longer.
 */
function comeFirst(): void {
  try {
    setPriority(-10);
  } catch {
    // Without CAP_SYS_NICE it is one among many.
  }
}

function cniMeter(context: DaemonContext): (verb: string, exitCode: number, seconds: number) => void {
  const verbs = context.metrics.counter('corral_cni_requests_total', 'CNI verbs served', ['verb', 'exit']);
  const seconds = context.metrics.histogram(
    'corral_cni_seconds',
    'duration of CNI verbs',
    [0.002, 0.005, 0.01, 0.03, 0.1, 0.5, 2, 10],
  );
  const known = new Set(['ADD', 'DEL', 'CHECK', 'VERSION', 'STATUS', 'GC']);
  return (verb, exitCode, took) => {
    verbs.inc({ verb: known.has(verb) ? verb : 'other', exit: String(exitCode) });
    seconds.observe(took);
  };
}
