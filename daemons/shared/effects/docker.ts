// Docker Engine (or podman's socket, which speaks the same), read only. The only importer of dockerode, loaded at the first
// request: a host without an engine does not pay its 34 MB.
//
// Events only say at which container to look. After every (re)connection comes a full list, so a lost event costs time, never
// correctness; `since` merely makes the gap short.
import { once } from 'node:events';
import type Dockerode from 'dockerode';
import { hasCode, SuiteError } from '../model/errors.ts';
import { LineCutter } from '../model/lines.ts';
import { backoffMs } from '../reconcile/backoff.ts';
import { chooseApiVersion } from './docker/api-version.ts';
import {
  type DockerContainer,
  type DockerEvent,
  isContainerName,
  type ListedContainer,
  parseContainer,
  parseEvent,
  parseListed,
} from './docker/container.ts';

export type { DockerContainer, DockerEvent, ListedContainer } from './docker/container.ts';
export { isContainerName } from './docker/container.ts';

const answerMs = 10_000;
const actions = ['start', 'die', 'destroy', 'rename', 'health_status', 'update', 'connect', 'disconnect'];

export interface Docker {
  readonly socketPath: string;
  /** A container by id, the beginning of an id, or name; undefined if there is none. */
  inspect(idOrName: string): Promise<DockerContainer | undefined>;
  /** The containers that run. */
  running(): Promise<ListedContainer[]>;
  /** Follows events until closed; see DockerFollower. Connects again for ever. */
  follow(follower: DockerFollower): { close(): void };
}

export interface DockerFollower {
  /** What runs, after each connection; events that happened meanwhile follow. */
  readonly onList: (running: readonly ListedContainer[]) => void;
  readonly onEvent: (event: DockerEvent) => void;
  /** undefined: connected; otherwise why not, once for each loss. */
  readonly onState: (fault: SuiteError | undefined) => void;
}

export function dockerAt(socketPath: string): Docker {
  let client: Promise<Dockerode> | undefined;
  const connected = (): Promise<Dockerode> => {
    client ??= openClient(socketPath);
    // A failed negotiation is tried again by the next request.
    client.catch(() => {
      client = undefined;
    });
    return client;
  };
  const ask = async <T>(what: string, request: (docker: Dockerode, signal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await request(await connected(), AbortSignal.timeout(answerMs));
    } catch (cause) {
      // The engine may have been replaced by one of another version.
      client = undefined;
      throw unreachable(socketPath, what, cause);
    }
  };
  const docker: Docker = {
    socketPath,
    inspect: (idOrName) => ask(`inspect ${idOrName.slice(0, 80)}`, (api, signal) => inspect(api, idOrName, signal)),
    async running() {
      const listed = await ask('list containers', (api, abortSignal) => api.listContainers({ abortSignal }));
      return listed.map(parseListed).filter((container) => container !== undefined);
    },
    follow: (follower) => new Following(docker, connected, follower),
  };
  return docker;
}

async function openClient(socketPath: string): Promise<Dockerode> {
  const { default: Client } = await import('dockerode');
  // `host` given as undefined keeps DOCKER_HOST of the environment from replacing the socket.
  const plain = { socketPath, host: undefined, protocol: 'http' } as unknown as Dockerode.DockerOptions;
  const abortSignal = AbortSignal.timeout(answerMs);
  const told = (await new Client(plain).version({ abortSignal } as never)) as unknown as Record<string, unknown>;
  const version = chooseApiVersion({ newest: told.ApiVersion, oldest: told.MinAPIVersion });
  return new Client(version ? { ...plain, version } : plain);
}

async function inspect(api: Dockerode, idOrName: string, signal: AbortSignal): Promise<DockerContainer | undefined> {
  if (!isContainerName(idOrName)) return undefined;
  try {
    return parseContainer(await api.getContainer(idOrName).inspect({ abortSignal: signal }));
  } catch (error) {
    if ((error as { statusCode?: unknown }).statusCode === 404) return undefined;
    throw error;
  }
}

/** One follower's connection to the stream of events. */
class Following {
  readonly #docker: Docker;
  readonly #connected: () => Promise<Dockerode>;
  readonly #follower: DockerFollower;
  readonly #closing = new AbortController();
  #failures = 0;
  #since: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(docker: Docker, connected: () => Promise<Dockerode>, follower: DockerFollower) {
    this.#docker = docker;
    this.#connected = connected;
    this.#follower = follower;
    void this.#turn();
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  async #turn(): Promise<void> {
    let fault: SuiteError;
    try {
      await this.#followOnce();
      fault = new SuiteError('DOCKER_UNREACHABLE', `follow the events of ${this.#docker.socketPath}: the stream ended`);
    } catch (cause) {
      fault = unreachable(this.#docker.socketPath, 'follow the events', cause);
    }
    if (this.#closing.signal.aborted) return;
    this.#failures += 1;
    if (this.#failures === 1) this.#follower.onState(fault);
    this.#timer = setTimeout(() => void this.#turn(), backoffMs(this.#failures, Math.random()));
  }

  /** Listens first, lists then: what happens in between is in the stream. Returns or throws when the stream ends. */
  async #followOnce(): Promise<void> {
    const api = await this.#connected();
    const stream = await this.#openStream(api);
    const ended = once(stream, 'close');
    // An error ends the stream too; the rejection is seen below, after the list.
    ended.catch(() => undefined);
    try {
      this.#read(stream);
      this.#follower.onList(await this.#docker.running());
      this.#failures = 0;
      this.#follower.onState(undefined);
      await ended;
    } finally {
      stream.destroy();
    }
  }

  async #openStream(api: Dockerode): Promise<NodeJS.ReadableStream & { destroy(): void }> {
    const opening = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, opening.signal]);
    const timer = setTimeout(() => opening.abort(new SuiteError('DEADLINE', 'wait for the events')), answerMs);
    const filters = JSON.stringify({ type: ['container', 'network'], event: actions });
    const since = this.#since === undefined ? {} : { since: this.#since };
    try {
      const stream = await api.getEvents({ filters, ...since, abortSignal: signal } as never);
      return stream as unknown as NodeJS.ReadableStream & { destroy(): void };
    } finally {
      clearTimeout(timer);
    }
  }

  #read(stream: NodeJS.ReadableStream & { destroy(error?: Error): void }): void {
    const cutter = new LineCutter();
    stream.on('error', () => undefined);
    stream.on('end', () => stream.destroy());
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const line of cutter.push(chunk)) this.#take(parseEvent(JSON.parse(line)));
      } catch (error) {
        stream.destroy(error as Error);
      }
    });
  }

  #take(event: DockerEvent | undefined): void {
    if (!event) return;
    if (event.at !== undefined) this.#since = event.at;
    this.#follower.onEvent(event);
  }
}

function unreachable(socketPath: string, what: string, cause: unknown): SuiteError {
  if (hasCode(cause, 'DOCKER_UNREACHABLE')) return cause;
  const { code, message, name } = cause as NodeJS.ErrnoException;
  const why = name === 'TimeoutError' ? `no answer in ${answerMs} ms` : (code ?? message);
  const missing = code === 'ENOENT' || code === 'ECONNREFUSED';
  return new SuiteError('DOCKER_UNREACHABLE', `${what} on ${socketPath}: ${why}`, {
    cause,
    hint: missing ? 'is the engine running? `engines: []` in corral.yaml says that there is none' : 'see its log',
  });
}
