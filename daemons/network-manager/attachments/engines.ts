// The engines whose containers are kept attached: those of the configuration, which may change while the daemon runs.
import type { Config } from '../../shared/daemon/config.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { type Docker, dockerAt } from '../../shared/effects/docker.ts';
import type { ErrorCode, SuiteError } from '../../shared/model/errors.ts';
import type { DockerKeeper } from './docker-keeper.ts';

export interface Engine {
  readonly docker: Docker;
  readonly keeper: DockerKeeper;
}

interface Followed extends Engine {
  /** Name of its condition in health. */
  readonly condition: string;
}

export type MakeKeeper = (docker: Docker, onState: (fault: SuiteError | undefined) => void) => DockerKeeper;

export class Engines {
  readonly #context: Pick<DaemonContext, 'health' | 'log'>;
  readonly #make: MakeKeeper;
  /** By socket, in the order of the configuration. */
  #followed: ReadonlyMap<string, Followed> = new Map();
  #stopping: Promise<unknown> = Promise.resolve();

  constructor(context: Pick<DaemonContext, 'health' | 'log'>, make: MakeKeeper) {
    this.#context = context;
    this.#make = make;
  }

  get all(): readonly Engine[] {
    return [...this.#followed.values()];
  }

  get keepers(): readonly DockerKeeper[] {
    return this.all.map(({ keeper }) => keeper);
  }

  /**
   * Follows exactly these from now on. Containers of an engine that is left out stay attached until they end; one that stays
   * is not interrupted.
   */
  set(engines: Config['engines']): void {
    const before = this.#followed;
    const isAlone = engines.length === 1;
    const next = new Map<string, Followed>();
    for (const { socket } of engines) {
      const condition = isAlone ? 'docker' : `docker ${socket}`;
      const known = before.get(socket);
      next.set(socket, known?.condition === condition ? known : this.#follow(socket, condition));
    }
    this.#followed = next;
    for (const [socket, one] of next) if (before.get(socket) !== one) one.keeper.start();
    for (const [socket, one] of before) {
      if (next.get(socket) === one) continue;
      this.#stopping = Promise.all([this.#stopping, one.keeper.stop()]);
      if (![...next.values()].some(({ condition }) => condition === one.condition)) {
        this.#context.health.drop(one.condition);
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#stopping, ...this.keepers.map((keeper) => keeper.stop())]);
  }

  #follow(socket: string, condition: string): Followed {
    const docker = dockerAt(socket);
    const keeper: DockerKeeper = this.#make(docker, (fault) => {
      // One that is followed no more has nothing to say.
      if (this.#followed.get(socket)?.keeper === keeper) this.#tell(docker, condition, fault);
    });
    return { docker, keeper, condition };
  }

  /** A missing engine degrades only: namespaces and other runtimes are served all the same. */
  #tell({ socketPath: socket }: Docker, condition: string, fault: SuiteError | undefined): void {
    const { health, log } = this.#context;
    const code: ErrorCode = 'DOCKER_UNREACHABLE';
    const text = fault ? [fault.message, fault.hint].filter(Boolean).join('; ') : `follows ${socket}`;
    const changed = health.set(condition, { ok: !fault, degradesOnly: true, text, ...(fault && { code }) });
    if (!changed) return;
    if (fault) log.warn({ event: 'docker.lost', error: fault }, text);
    else log.info({ event: 'docker.connected', socket }, text);
  }
}
