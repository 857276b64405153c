// The life of a daemon's process: configuration, lock against twins, socket with health and metrics, signals, stop.
// Stopping leaves the data plane as it is: containers keep talking while a daemon is away.
import { mkdirSync, rmSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { lockFile } from '../effects/locks.ts';
import { hasCode, renderError, SuiteError } from '../model/errors.ts';
import { type DaemonName, daemonLock, daemonSocket, type Paths, pathsBelow } from '../model/paths.ts';
import { type Config, loadConfig } from './config.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { Health } from './health.ts';
import { closeServer, listen, makeHttpServer, type Route } from './http.ts';
import { type Logger, makeLog } from './log.ts';
import { Metrics } from './metrics.ts';
import { followServiceManager, type ServiceManager } from './service-manager.ts';
import { statusRoutes } from './status-routes.ts';

export interface DaemonContext {
  readonly name: DaemonName;
  readonly config: Config;
  readonly paths: Paths;
  readonly log: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Served on the daemon's unix socket; push own routes while starting. */
  readonly routes: Route[];
  /** Called with the new configuration on SIGHUP; a broken file is logged and the old one stays. */
  onReload(listener: (config: Config) => void): void;
  /** Ends this program and runs another in the same process, with what a service manager wants of it. Nothing is stopped. */
  become(command: readonly [string, ...string[]]): void;
}

export interface RunningDaemon {
  stop(): Promise<void>;
}

export { exitCodes };

export interface LifeOptions {
  /** Descriptor that the log goes to; the standard output if not given. */
  readonly logFd?: number;
  /** A stop that takes longer ends the process as it is. */
  readonly stopDeadlineMs?: number;
}

const usualStopDeadlineMs = 5_000;
/** A killed predecessor's lock is free within milliseconds; a living twin's never. */
const lockWaitMs = 200;

/** Runs until a signal asks it to stop; never returns normally, the process exits. */
export async function runDaemon(
  name: DaemonName,
  start: (context: DaemonContext) => Promise<RunningDaemon>,
  options: LifeOptions = {},
): Promise<void> {
  try {
    await live(name, start, options);
  } catch (error) {
    process.stderr.write(`corral ${name}: ${renderError(error)}\n`);
    process.exit(exitCodeOf(error));
  }
}

async function live(
  name: DaemonName,
  start: (context: DaemonContext) => Promise<RunningDaemon>,
  options: LifeOptions,
): Promise<void> {
  requireRoot();
  const paths = pathsBelow(process.env.CORRAL_ROOT ?? '', process.env.CORRAL_CONFIG || undefined);
  const config = loadConfig(paths.config, process.env);
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  await holdDaemonLock(name, paths);
  const log = makeLog(name, config.log.level, options.logFd);
  const reloads: ((config: Config) => void)[] = [];
  let manager: ServiceManager | undefined;
  const context: DaemonContext = {
    name,
    config,
    paths,
    log,
    health: new Health(),
    metrics: new Metrics(name),
    routes: [],
    onReload: (listener) => reloads.push(listener),
    become: (command) => process.execve?.(command[0], command, { ...process.env, ...manager?.environment }),
  };
  const status = statusRoutes(context);
  context.routes.push(...status.routes);
  const server = makeHttpServer({ routes: context.routes });
  await listenAlone(server, daemonSocket(paths, name));
  process.on('SIGHUP', () => reload(context, reloads));
  failOnSurprise(log);
  log.info({ event: 'daemon.starting' }, 'starting');
  const running = await start(context);
  log.info({ event: 'daemon.started' }, 'started');
  manager = followServiceManager({ environment: process.env, health: context.health, log, pid: process.pid });
  flushCompileCache(); // a daemon that is killed never comes to write it, and its successor would compile all again
  const stop = once(async () => {
    log.info({ event: 'daemon.stopping' }, 'stopping; what it made in the kernel stays');
    setTimeout(() => process.exit(exitCodes.failed), options.stopDeadlineMs ?? usualStopDeadlineMs).unref();
    manager?.stopping();
    status.end();
    await running.stop();
    await closeServer(server);
    process.exit(exitCodes.done);
  });
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

export function requireRoot(): void {
  if (process.geteuid?.() !== 0) {
    throw new SuiteError('NOT_ROOT', 'change the network of this host', { hint: 'run the command as root' });
  }
}

/** Held until the process ends, however it ends; never released before. */
async function holdDaemonLock(name: DaemonName, paths: Paths): Promise<void> {
  const path = daemonLock(paths, name);
  try {
    await lockFile(path, { waitMs: lockWaitMs });
  } catch (cause) {
    if (!hasCode(cause, 'LOCK_TIMEOUT')) throw cause;
    throw new SuiteError('ALREADY_RUNNING', `start ${name}: another one holds ${path}`, {
      cause,
      hint: 'see corral status',
    });
  }
}

/** The lock is ours, so a socket that lies there belongs to a dead process. */
async function listenAlone(server: ReturnType<typeof makeHttpServer>, path: string): Promise<void> {
  rmSync(path, { force: true });
  await listen(server, { path });
}

function reload(context: DaemonContext, listeners: readonly ((config: Config) => void)[]): void {
  try {
    const config = loadConfig(context.paths.config, process.env);
    context.log.level = config.log.level;
    for (const listener of listeners) listener(config);
    context.log.info({ event: 'config.reloaded' }, 'configuration read again');
  } catch (error) {
    context.log.error({ event: 'config.refused', error }, 'configuration refused, the old one stays');
  }
}

/** A broken invariant ends the process: the supervisor starts a clean one. */
function failOnSurprise(log: Logger): void {
  const die = (error: unknown): void => {
    log.fatal({ event: 'daemon.failed', error }, 'unexpected error');
    process.exit(exitCodes.failed);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}

function once(work: () => Promise<void>): () => void {
  let begun = false;
  return () => {
    if (begun) return;
    begun = true;
    void work();
  };
}
