// Makes the client of an engine. dockerode brings what only remote and building engines need (SSH, gRPC, tar): half of its
// memory and three quarters of its loading time. Corral asks local sockets, so these packages are replaced by nothing while it
// loads; a function of dockerode that needed one would fail at its first use, and none of ours does.
import { Agent } from 'node:http';
import { registerHooks } from 'node:module';
import { inspect } from 'node:util';
import type Dockerode from 'dockerode';
import { chooseApiVersion } from './api-version.ts';

const unneeded = new Set(['ssh2', '@grpc/grpc-js', '@grpc/proto-loader', '@balena/dockerignore', 'tar-fs']);
const nothing = 'corral:nothing';

/** A connection a request: one kept open would fail the first request after the engine was restarted. */
class EngineAgent extends Agent {
  constructor() {
    super({ keepAlive: false });
  }

  /** docker-modem renders the agent of each request for a debug line that nobody reads, with all that hangs on its sockets. */
  [inspect.custom](): string {
    return 'EngineAgent';
  }
}

/** A client that speaks a version which both sides know. Rejects with what Node or the engine said. */
export async function openClient(socketPath: string, answerMs: number): Promise<Dockerode> {
  const Client = await loadClient();
  // `host` given as undefined keeps DOCKER_HOST of the environment from replacing the socket.
  const plain = {
    socketPath,
    host: undefined,
    protocol: 'http',
    agent: new EngineAgent(),
  } as unknown as Dockerode.DockerOptions;
  const abortSignal = AbortSignal.timeout(answerMs);
  const told = (await new Client(plain).version({ abortSignal } as never)) as unknown as Record<string, unknown>;
  const version = chooseApiVersion({ newest: told.ApiVersion, oldest: told.MinAPIVersion });
  return new Client(version ? { ...plain, version } : plain);
}

async function loadClient(): Promise<typeof Dockerode> {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      unneeded.has(specifier) ? { url: nothing, format: 'commonjs', shortCircuit: true } : next(specifier, context),
    load: (url, context, next) =>
      url === nothing ? { format: 'commonjs', source: 'module.exports = {}', shortCircuit: true } : next(url, context),
  });
  try {
    return (await import('dockerode')).default;
  } finally {
    hooks.deregister();
  }
}
