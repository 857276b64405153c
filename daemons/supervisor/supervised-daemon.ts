// One daemon in the supervisor's care: sees (life, ends, time), asks the plan, and does what it says.
import type { HealthReport } from '../shared/daemon/health.ts';
import type { Logger } from '../shared/daemon/log.ts';
import { reap } from '../shared/effects/libc.ts';
import { renderError } from '../shared/model/errors.ts';
import { type DaemonName, daemonLog, daemonSocket, type Paths } from '../shared/model/paths.ts';
import { type Child, type Limits, newChild, type ProcessId, type Sight, type Step } from './child.ts';
import { CpuMeter } from './cpu-meter.ts';
import { type DaemonStatus, describeDaemon, type Known, stateOf } from './describe-status.ts';
import { followLife } from './follow-life.ts';
import type { Launch } from './launch.ts';
import { boundLog } from './log-files.ts';
import { decide } from './plan-child.ts';
import { factsOf, identify, isRunning, measure, signal } from './processes.ts';
import type { DaemonSpec } from './table.ts';

export interface CareOptions {
  readonly spec: DaemonSpec;
  readonly paths: Paths;
  readonly limits: Limits;
  readonly launch: Launch;
  readonly log: Logger;
  /** Called when the state or the conditions of the daemon are others than before. */
  readonly changed: (before: DaemonStatus, now: DaemonStatus) => void;
}

/** A daemon that starts is looked for often, since others wait for it; one that is expected from elsewhere seldom. */
const pauseMs = { starting: 20, else: 250 } as const;

export class SupervisedDaemon {
  readonly #options: CareOptions;
  readonly #logPath: string;
  #child: Child;
  #health: HealthReport | undefined;
  #version: string | undefined;
  #told: DaemonStatus;
  readonly #cpu = new CpuMeter();
  #life: { close(): void } | undefined;
  /** Processes whose end Node itself reports: the others are looked at. */
  readonly #ours = new Set<number>();
  /** Dead, and children of this process, if it took the place of the supervisor that started them. */
  readonly #unburied = new Set<number>();

  constructor(options: CareOptions) {
    this.#options = options;
    this.#logPath = daemonLog(options.paths, options.spec.name);
    this.#child = newChild(performance.now());
    this.#told = describeDaemon(this.#known, undefined);
  }

  get name(): DaemonName {
    return this.#options.spec.name;
  }

  get child(): Child {
    return this.#child;
  }

  get state(): DaemonStatus['state'] {
    return stateOf(this.#known);
  }

  status(): DaemonStatus {
    const { process } = this.#child;
    return describeDaemon(this.#known, process && isRunning(process) ? factsOf(process) : undefined, this.#cpu.percent);
  }

  start(): void {
    const see = (sight: Sight): void => this.#see(sight);
    let pid = 0;
    this.#life = followLife(
      {
        socketPath: daemonSocket(this.#options.paths, this.#options.spec.name),
        pauseMs: () => (this.#child.phase === 'starting' ? pauseMs.starting : pauseMs.else),
      },
      {
        nobody: () => see({ saw: 'nobody' }),
        connected: (listener) => {
          pid = listener;
          const process = identify(pid);
          if (process) see({ saw: 'connected', process });
        },
        hello: (hello) => {
          const process = identify(pid > 0 ? pid : hello.pid);
          this.#version = hello.version;
          this.#health = undefined;
          if (process) see({ saw: 'hello', process });
        },
        beat: (health) => {
          this.#health = health ?? this.#health;
          see({ saw: 'beat' });
        },
        lost: () => this.#lookForEnds(),
      },
    );
  }

  tick(lateMs: number): void {
    this.#lookForEnds();
    for (const pid of this.#unburied) if (reap(pid)) this.#unburied.delete(pid);
    measure(this.#cpu, this.#child.process);
    this.#see({ saw: 'tick', lateMs });
  }

  /** Asks it to end, and starts it again then. */
  restart(): void {
    this.#see({ saw: 'restart' });
  }

  /** Asks it to end; `child.phase` tells when it has. */
  stop(): void {
    this.#see({ saw: 'stop' });
  }

  /** Looks away; the process goes on. */
  close(): void {
    this.#life?.close();
  }

  reload(): void {
    if (this.#child.process && !this.#options.limits.observeOnly) signal(this.#child.process, 'SIGHUP');
  }

  boundLog(): void {
    boundLog(this.#logPath);
  }

  get #known(): Known {
    return {
      name: this.#options.spec.name,
      child: this.#child,
      health: this.#health,
      version: this.#version,
      log: this.#options.launch.logOf(this.#options.spec.name),
    };
  }

  #see(sight: Sight): void {
    const moment = { nowMs: performance.now(), random: Math.random() };
    const { child, steps } = decide(this.#child, sight, moment, this.#options.limits);
    this.#child = child;
    for (const step of steps) this.#do(step);
    this.#tell();
  }

  #do(step: Step): void {
    if (step.do === 'launch') void this.#launch();
    else {
      const { name } = this.#options.spec;
      this.#options.log.info(
        { event: 'child.signal', child: name, pid: step.process.pid, signal: step.signal },
        'signal',
      );
      signal(step.process, step.signal);
    }
  }

  async #launch(): Promise<void> {
    const { spec, log, launch } = this.#options;
    try {
      const { process, end } = await launch.start(spec);
      log.info({ event: 'child.launched', child: spec.name, pid: process.pid }, 'process started');
      this.#ours.add(process.pid);
      this.#see({ saw: 'launched', process });
      if (this.#child.phase === 'stopping' || this.#child.phase === 'stopped') signal(process, 'SIGTERM');
      this.#ended(process, await end);
    } catch (error) {
      this.#see({ saw: 'end', process: undefined, how: `could not be started: ${renderError(error)}` });
    }
  }

  #ended(process: ProcessId, how: string): void {
    const { spec, log } = this.#options;
    this.#ours.delete(process.pid);
    log.warn({ event: 'child.ended', child: spec.name, pid: process.pid, how }, 'process ended');
    this.#see({ saw: 'end', process, how });
  }

  /** Ends that nobody reports: those of adopted processes. */
  #lookForEnds(): void {
    const { process } = this.#child;
    if (!process || this.#ours.has(process.pid) || isRunning(process)) return;
    this.#unburied.add(process.pid);
    this.#options.log.warn({ event: 'child.ended', child: this.#options.spec.name, pid: process.pid }, 'process ended');
    this.#see({ saw: 'end', process, how: 'ended' });
  }

  #tell(): void {
    const now = describeDaemon(this.#known, undefined);
    const before = this.#told;
    const same =
      now.state === before.state &&
      now.pid === before.pid &&
      JSON.stringify(now.conditions) === JSON.stringify(before.conditions);
    if (same) return;
    this.#told = now;
    this.#options.changed(before, now);
  }
}
