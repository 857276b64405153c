// A Docker Engine as far as Corral asks it: version, list, inspect, events, on a unix socket. It keeps state and refuses what
// the real one refuses: a container that is not there, a path of a version below its minimum.
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

interface Event {
  readonly line: string;
  readonly timeNano: number;
}

export class FakeEngine {
  readonly socketPath: string;
  /** Requests so far, `GET /v1.41/containers/json`. */
  readonly requests: string[] = [];
  apiVersion = '1.41';
  minApiVersion = '1.12';
  /** While set, nothing is answered. */
  frozen = false;
  readonly #containers = new Map<string, Record<string, unknown>>();
  readonly #events: Event[] = [];
  readonly #followers = new Set<ServerResponse>();
  #server: Server | undefined;
  #time = 1_700_000_000_000_000_000;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  start(): Promise<void> {
    rmSync(this.socketPath, { force: true });
    this.#server = createServer((request, response) => this.#answer(request, response));
    return new Promise((resolve) => this.#server?.listen(this.socketPath, () => resolve()));
  }

  /** As after kill -9: every connection is cut, the socket stays without a listener. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.#server?.closeAllConnections();
    await closed;
  }

  followers(): number {
    return this.#followers.size;
  }

  /** Sets what inspect answers, and tells an event of it. */
  put(id: string, inspect: Record<string, unknown>, action: string): void {
    this.#containers.set(id, { Id: id, ...inspect });
    this.event({ Type: 'container', Action: action, Actor: { ID: id, Attributes: {} } });
  }

  remove(id: string): void {
    this.#containers.delete(id);
    this.event({ Type: 'container', Action: 'destroy', Actor: { ID: id, Attributes: {} } });
  }

  event(event: Record<string, unknown>): void {
    this.#time += 1_000_000;
    const line = `${JSON.stringify({ ...event, time: Math.floor(this.#time / 1e9), timeNano: this.#time })}\n`;
    this.#events.push({ line, timeNano: this.#time });
    for (const follower of this.#followers) follower.write(line);
  }

  /** Bytes into every stream, whatever they are. */
  write(bytes: string): void {
    for (const follower of this.#followers) follower.write(bytes);
  }

  /** Cuts the streams of events only. */
  cut(): void {
    for (const follower of this.#followers) follower.socket?.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://engine');
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (this.frozen) return;
    const [, version, path = ''] = /^(?:\/v(\d+\.\d+))?(\/.*)$/.exec(url.pathname) ?? [];
    if (path === '/events') this.#follow(url, response);
    else {
      const [status, body] = this.#isTooOld(version) ? [400, { message: 'too old' }] : this.#bodyOf(path);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }
  }

  #isTooOld(version: string | undefined): boolean {
    const minor = (text: string): number => Number(text.split('.')[1]);
    return version !== undefined && minor(version) < minor(this.minApiVersion);
  }

  #bodyOf(path: string): [status: number, body: unknown] {
    if (path === '/version') return [200, { ApiVersion: this.apiVersion, MinAPIVersion: this.minApiVersion }];
    if (path === '/containers/json') return [200, this.#running()];
    const id = /^\/containers\/([^/]+)\/json$/.exec(path)?.[1];
    const found = id === undefined ? undefined : this.#find(id);
    return found ? [200, found] : [404, { message: 'No such container' }];
  }

  #find(idOrName: string): Record<string, unknown> | undefined {
    const all = [...this.#containers.values()];
    return all.find(({ Id, Name }) => String(Id).startsWith(idOrName) || Name === `/${idOrName}`);
  }

  #running(): unknown[] {
    return [...this.#containers.values()]
      .filter(({ State }) => (State as { Running?: boolean }).Running)
      .map(({ Id, Config, HostConfig }) => ({ Id, HostConfig, Labels: (Config as { Labels?: unknown }).Labels }));
  }

  #follow(url: URL, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const since = url.searchParams.get('since');
    const from = since === null ? Number.POSITIVE_INFINITY : Number(since) * 1e9;
    for (const event of this.#events) if (event.timeNano >= from) response.write(event.line);
    this.#followers.add(response);
    response.on('close', () => this.#followers.delete(response));
  }
}
