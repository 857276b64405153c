// Docker Engine (or podman's socket, which speaks the same), read only. dockerode is loaded at the first request: a host
// without an engine does not pay its memory.
//
// Events only say at which container to look; whoever follows them lists after every (re)connection, so a lost one costs time,
// never correctness.
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { hasCode, SuiteError } from '../model/errors.ts';
import { LineCutter } from '../model/lines.ts';
import { openClient } from './docker/client.ts';
import {
  type DockerContainer,
  type DockerEvent,
  isContainerName,
  type ListedContainer,
  parseContainer,
  parseEvent,
  parseListed,
} from './docker/container.ts';

import { fileInTar } from './docker/tar-file.ts';

export type { DockerContainer, DockerEvent, ListedContainer } from './docker/container.ts';
export { isContainerName } from './docker/container.ts';

const answerMs = 10_000;
const maxFileBytes = 128 << 20;
/** Docker's names, and podman's for two of them: it filters by its own, and then tells Docker's. */
const actions = ['start', 'die', 'destroy', 'rename', 'health_status', 'update', 'connect', 'disconnect'];
const podmanActions = ['died', 'remove'];

export interface Docker {
  readonly socketPath: string;
  /** A container by id, the beginning of an id, or name; undefined if there is none. */
  inspect(idOrName: string): Promise<DockerContainer | undefined>;
  /** The containers that run. */
  running(): Promise<ListedContainer[]>;
  /** A file of a container, as the container sees its path; at most 128 MiB. Rejects with FILE_UNREADABLE or FILE_TOO_LARGE. */
  readFile(id: string, path: string): Promise<Buffer>;
  /** Opens the stream of events, from `since` (an event's `at`) if given. */
  events(since: string | undefined, onEvent: (event: DockerEvent) => void): Promise<DockerEvents>;
}

export interface DockerEvents {
  /** Settles when the stream is over: always a loss, unless it was closed. */
  readonly ended: Promise<SuiteError>;
  close(): void;
}

export function dockerAt(socketPath: string): Docker {
  let client: Promise<Dockerode> | undefined;
  const connected = (): Promise<Dockerode> => {
    client ??= openClient(socketPath, answerMs);
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
  return {
    socketPath,
    inspect: (idOrName) => ask(`inspect ${idOrName.slice(0, 80)}`, (api, signal) => inspect(api, idOrName, signal)),
    readFile: (id, path) => ask(`read ${path} of ${id.slice(0, 12)}`, (api, signal) => readFile(api, id, path, signal)),
    async running() {
      const listed = await ask('list containers', (api, abortSignal) => api.listContainers({ abortSignal }));
      return listed.map(parseListed).filter((container) => container !== undefined);
    },
    async events(since, onEvent) {
      const { stream, ended } = await ask('follow events', (api) => openEvents(api, since, onEvent));
      const why = ended.then(
        () => new SuiteError('DOCKER_UNREACHABLE', `follow events on ${socketPath}: the stream ended`),
        (cause: unknown) => unreachable(socketPath, 'follow events', cause),
      );
      return { ended: why, close: () => void stream.destroy() };
    },
  };
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

async function readFile(api: Dockerode, id: string, path: string, abortSignal: AbortSignal): Promise<Buffer> {
  const attempted = `read ${path} of container ${id.slice(0, 12)}`;
  try {
    const stream = await api.getContainer(id).getArchive({ path, abortSignal });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxFileBytes)
        throw new SuiteError('FILE_TOO_LARGE', `${attempted}: more than ${maxFileBytes} bytes`);
      chunks.push(chunk);
    }
    const file = fileInTar(Buffer.concat(chunks));
    if (file) return file;
    throw new SuiteError('FILE_UNREADABLE', `${attempted}: it is no plain file`);
  } catch (cause) {
    if ((cause as { statusCode?: unknown }).statusCode !== 404) throw cause;
    throw new SuiteError('FILE_UNREADABLE', `${attempted}: it is not there`, { cause });
  }
}

/** Ends, with an error, at a line that is no event: what follows it could not be trusted. */
async function openEvents(
  api: Dockerode,
  since: string | undefined,
  onEvent: (event: DockerEvent) => void,
): Promise<{ stream: Readable; ended: Promise<unknown> }> {
  const opening = new AbortController();
  const timer = setTimeout(() => opening.abort(new SuiteError('DEADLINE', 'wait for the events')), answerMs);
  const filters = JSON.stringify({ type: ['container', 'network'], event: [...actions, ...podmanActions] });
  const query = { filters, ...(since !== undefined && { since }), abortSignal: opening.signal };
  try {
    const stream = (await api.getEvents(query as never)) as unknown as Readable;
    const ended = once(stream, 'close');
    const cutter = new LineCutter();
    stream.on('end', () => stream.destroy());
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const line of cutter.push(chunk)) take(line, onEvent);
      } catch (error) {
        stream.destroy(error as Error);
      }
    });
    return { stream, ended };
  } finally {
    clearTimeout(timer);
  }
}

function take(line: string, onEvent: (event: DockerEvent) => void): void {
  const event = parseEvent(JSON.parse(line));
  if (event) onEvent(event);
}

function unreachable(socketPath: string, what: string, cause: unknown): SuiteError {
  if (hasCode(cause, 'DOCKER_UNREACHABLE', 'FILE_UNREADABLE', 'FILE_TOO_LARGE')) return cause;
  const { code, message, name } = cause as NodeJS.ErrnoException;
  const why = name === 'TimeoutError' ? `no answer in ${answerMs} ms` : (code ?? message);
  const missing = code === 'ENOENT' || code === 'ECONNREFUSED';
  return new SuiteError('DOCKER_UNREACHABLE', `${what} on ${socketPath}: ${why}`, {
    cause,
    hint: missing ? 'is the engine running? `engines: []` in corral.yaml says that there is none' : 'see its log',
  });
}
