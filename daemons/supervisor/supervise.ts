// The supervisor: keeps every daemon of the table running and tells how they are.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Health } from '../shared/daemon/health.ts';
import type { DaemonContext, RunningDaemon } from '../shared/daemon/life.ts';
import { version } from '../shared/daemon/version.ts';
import { patience } from '../shared/effects/patience.ts';
import { type Limits, relaxed, usualLimits } from './child.ts';
import { conditionOf, type DaemonStatus, type SuiteStatus, worstOf } from './describe-status.ts';
import { keepEvents } from './events/keep-events.ts';
import { serveEvents } from './events/serve-events.ts';
import { openLauncher } from './launcher.ts';
import { OwnProcess } from './own-process.ts';
import { restartRoute } from './serve-restart.ts';
import { takeoverRoute } from './serve-takeover.ts';
import { measureSuite } from './suite-metrics.ts';
import { SupervisedDaemon } from './supervised-daemon.ts';
import { type DaemonSpec, daemonTable, enabledDaemons } from './table.ts';
import { type Page, startPage } from './web/start-page.ts';
import { watchWorld } from './world.ts';

export interface SupervisorOptions {
  readonly table?: readonly DaemonSpec[];
  readonly limits?: Limits;
  /** Told of each change of a daemon's state or conditions. */
  readonly onChange?: (before: DaemonStatus, now: DaemonStatus) => void;
  /** Told when the supervisor was asked to stop, and when it has. */
  readonly onStop?: (when: 'begun' | 'done') => void;
}

const tickMs = 200;
const boundLogsMs = 30_000;
/** Each daemon in its turn gets SIGTERM, time, SIGKILL, and a moment to be buried. */
export const stopDeadlineMs = 30_000;

/** Starts all at once: each waits for the others by itself, so an order would only cost time. */
export async function startSupervisor(context: DaemonContext, options: SupervisorOptions = {}): Promise<RunningDaemon> {
  const { config, paths, log, health } = context;
  const limits = { ...relaxed(options.limits ?? usualLimits, patience), observeOnly: config.launcher === 'none' };
  const world = watchWorld(paths);
  const events = keepEvents(world);
  const serving = serveEvents(events.ring);
  let page: Page | undefined;
  const changed = (before: DaemonStatus, now: DaemonStatus): void => {
    tellLog(context, before, now);
    events.changed(before, now);
    health.set(now.name, conditionOf(now));
    page?.noteDaemons();
    options.onChange?.(before, now);
  };
  const launch = openLauncher(config, paths);
  const daemons = enabledDaemons(options.table ?? daemonTable).map(
    (spec) => new SupervisedDaemon({ spec, paths, limits, launch, log, changed }),
  );
  for (const daemon of daemons) health.set(daemon.status().name, conditionOf(daemon.status()));
  const self = new OwnProcess();
  const status = (): SuiteStatus => describeSuite(config.launcher, daemons, self, health);
  context.routes.push({
    method: 'GET',
    path: /^\/v1\/status$/,
    handle: (http) => {
      http.body = status();
    },
  });
  context.routes.push(serving.route, restartRoute(daemons, config.launcher), takeoverRoute(context));
  measureSuite(context.metrics, daemons, status);
  page = startPage({ context, status, world, ring: events.ring });
  context.onReload(() => {
    for (const daemon of daemons) daemon.reload();
  });
  for (const daemon of daemons) daemon.start();
  const clocks = [watchTime([...daemons, self]), setInterval(() => boundLogs(context, daemons), boundLogsMs)];
  return {
    stop: async () => {
      await Promise.all([page?.close(), stopAll(daemons, clocks, options)]);
      world.close();
      serving.end();
    },
  };
}

/** A tick that comes late was held up by the supervisor's own standstill; the daemons are not blamed for it. */
function watchTime(daemons: readonly { tick(lateMs: number): void }[]): NodeJS.Timeout {
  let due = performance.now() + tickMs;
  return setInterval(() => {
    const now = performance.now();
    const lateMs = Math.max(0, now - due);
    due = now + tickMs;
    for (const daemon of daemons) daemon.tick(lateMs);
  }, tickMs);
}

function boundLogs(context: DaemonContext, daemons: readonly SupervisedDaemon[]): void {
  for (const daemon of daemons) {
    try {
      daemon.boundLog();
    } catch (error) {
      context.log.warn({ event: 'log.unbounded', error }, 'a log could not be cut');
    }
  }
}

/** The last started stops first: nobody loses what it still asks for. The kernel's state stays. */
async function stopAll(
  daemons: readonly SupervisedDaemon[],
  clocks: readonly NodeJS.Timeout[],
  options: SupervisorOptions,
): Promise<void> {
  options.onStop?.('begun');
  for (const daemon of [...daemons].reverse()) {
    daemon.stop();
    while (daemon.child.phase !== 'stopped') await sleep(10); // the plan sends SIGKILL in the end, and the process its deadline
    daemon.close();
  }
  for (const clock of clocks) clearInterval(clock);
  options.onStop?.('done');
}

function describeSuite(
  launcher: SuiteStatus['launcher'],
  daemons: readonly SupervisedDaemon[],
  self: OwnProcess,
  health: Health,
): SuiteStatus {
  const own = health.report().conditions.filter(({ name }) => name === 'page');
  const statuses = [...daemons.map((daemon) => daemon.status()), self.status(own)];
  return { state: worstOf(statuses.map(({ state }) => state)), version, launcher, daemons: statuses };
}

/** One line a change of state. */
function tellLog({ log }: DaemonContext, before: DaemonStatus, now: DaemonStatus): void {
  if (before.state === now.state && before.pid === now.pid) return;
  const failing = now.conditions.filter(({ ok }) => !ok).map(({ name, code, text }) => ({ name, code, text }));
  const fields = { event: 'child.state', child: now.name, pid: now.pid, was: before.state, state: now.state, failing };
  log[now.ready || now.state === 'starting' ? 'info' : 'warn'](fields, `${now.name}: ${now.state}`);
}
