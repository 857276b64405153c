// What a service manager (systemd, Type=notify) is told: that the daemon is ready, what it lacks, that it lives, that it stops.
import { sendToUnixSocket } from '../effects/libc-notify.ts';
import type { Health, HealthReport } from './health.ts';
import type { Logger } from './log.ts';

export interface ManagerOrder {
  /** Path, or `@` and an abstract name. */
  readonly socket: string;
  /** A daemon silent for longer is killed; undefined: nobody waits. */
  readonly watchdogMs: number | undefined;
}

const names = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;
/** A start is a bounded wait, never a gate: after this time the daemon counts as started, and its status says what it lacks. */
export const readyDeadlineMs = 20_000;
const longestStatus = 300;

/** What the manager wants of the process `pid`; undefined if it wants nothing. */
export function parseOrder(environment: NodeJS.ProcessEnv, pid: number): ManagerOrder | undefined {
  const socket = environment.NOTIFY_SOCKET;
  if (socket === undefined || !/^[/@]./.test(socket)) return undefined;
  const micros = Number(environment.WATCHDOG_USEC);
  const isMine = [undefined, '', String(pid)].includes(environment.WATCHDOG_PID);
  return { socket, watchdogMs: isMine && micros > 0 ? micros / 1_000 : undefined };
}

/** One line: `degraded: overlay: no peer answers`. */
export function renderStatus({ state, conditions }: HealthReport): string {
  const failing = conditions.filter(({ ok }) => !ok).map(({ name, text }) => `${name}: ${text}`);
  return [state, ...failing].join('; ').replaceAll(/\s+/g, ' ').slice(0, longestStatus);
}

export interface ManagerOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly health: Pick<Health, 'report' | 'onChange'>;
  readonly log: Pick<Logger, 'warn'>;
  readonly pid: number;
  /** Default: a datagram. */
  readonly send?: (socket: string, text: string) => void;
}

export interface ServiceManager {
  /** The variables by which the manager is reached, for a program that takes this one's place. */
  readonly environment: Readonly<Record<string, string>>;
  stopping(): void;
}

/**
 * Tells it, if there is one. The variables leave the environment, so that what this process starts does not speak in its place.
 * The watchdog is fed by the event loop, so a blocked loop starves it.
 */
export function followServiceManager(options: ManagerOptions): ServiceManager {
  const { health, log, send = sendToUnixSocket } = options;
  const order = parseOrder(options.environment, options.pid);
  const environment = takeOut(options.environment);
  if (order === undefined) return { environment, stopping: () => undefined };
  let isLost = false;
  const tell = (...lines: string[]): void => {
    try {
      send(order.socket, lines.join('\n'));
      isLost = false;
    } catch (error) {
      if (!isLost) log.warn({ event: 'manager.lost', error }, 'the service manager cannot be told');
      isLost = true; // one line; the manager may be starting anew
    }
  };
  let isReady = false;
  let isStopping = false;
  const report = (now: HealthReport, isLate = false): void => {
    if (isStopping) return;
    const status = `STATUS=${renderStatus(now)}`;
    if (isReady || (now.state === 'unready' && !isLate)) {
      tell(status);
      return;
    }
    isReady = true;
    clearTimeout(deadline);
    tell('READY=1', status);
  };
  const deadline = setTimeout(() => report(health.report(), true), readyDeadlineMs).unref();
  const feed =
    order.watchdogMs === undefined ? undefined : setInterval(() => tell('WATCHDOG=1'), order.watchdogMs / 4).unref();
  const unfollow = health.onChange((now) => report(now));
  report(health.report());
  return {
    environment,
    stopping: () => {
      isStopping = true;
      clearTimeout(deadline);
      clearInterval(feed);
      unfollow();
      tell('STOPPING=1', 'STATUS=stopping; what it made in the kernel stays');
    },
  };
}

function takeOut(environment: NodeJS.ProcessEnv): Record<string, string> {
  const taken: Record<string, string> = {};
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined) taken[name] = value;
    delete environment[name];
  }
  return taken;
}
