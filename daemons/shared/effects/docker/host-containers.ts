// Containers of the host itself: started by Corral on an engine of this machine, in the namespaces of the host, with a root that
// can only be read, without a capability that is not named, and never started again by the engine.
import type Dockerode from 'dockerode';
import { hasCode, SuiteError } from '../../model/errors.ts';
import { openClient } from './client.ts';
import { textOfFrames } from './log-frames.ts';

const answerMs = 10_000;
/** An engine makes a container in less than a second; on a disk that is busy it takes its time. */
const startMs = 30_000;
const lastLines = 20;
/** What the output of a container may take on disk, one predecessor beside it. */
const logOptions = { 'max-size': '10m', 'max-file': '2' };

export interface ContainerWish {
  readonly name: string;
  readonly image: string;
  /** Tells our containers from those of others with the same name. */
  readonly label: readonly [name: string, value: string];
  /** `NAME=value` */
  readonly environment: readonly string[];
  /** `NET_ADMIN` */
  readonly capabilities: readonly string[];
  /** `/run/corral:/run/corral`, as for `docker run -v`. */
  readonly binds: readonly string[];
  /** AppArmor's profile for containers forbids what this one is for. */
  readonly unconfined: boolean;
}

export interface StartedContainer {
  /** In the engine's pid namespace. */
  readonly pid: number;
  /** Settles when it has ended, or when the engine can no longer be asked: then with undefined. */
  readonly ended: Promise<{ readonly exitCode: number; readonly lastLines: string } | undefined>;
}

export interface HostContainers {
  /** Where the engine keeps images and containers. @throws SuiteError DOCKER_UNREACHABLE. */
  root(): Promise<string>;
  /**
   * Starts it in the place of an ended one of its name; one that runs is left running, and told as if it was just started.
   * @throws SuiteError DOCKER_UNREACHABLE, IMAGE_MISSING, CONTAINER_REFUSED.
   */
  start(wish: ContainerWish): Promise<StartedContainer>;
}

export function hostContainersAt(socketPath: string): HostContainers {
  return {
    async root() {
      try {
        const api = await openClient(socketPath, answerMs);
        const told: unknown = await api.info({ abortSignal: AbortSignal.timeout(answerMs) } as never);
        const { DockerRootDir: root } = told as { DockerRootDir?: unknown };
        return typeof root === 'string' && root.startsWith('/') ? root : '/var/lib/docker';
      } catch (cause) {
        throw unreachable(cause, 'ask for the root', socketPath);
      }
    },
    async start(wish) {
      try {
        const api = await openClient(socketPath, answerMs);
        const container = api.getContainer(wish.name);
        if (!(await isRunning(container, wish))) await make(api, wish);
        const { State: state } = await container.inspect({ abortSignal: AbortSignal.timeout(answerMs) });
        return { pid: state.Pid, ended: endOf(container) };
      } catch (cause) {
        throw explain(cause, wish, socketPath);
      }
    },
  };
}

/** Removes what is left of an earlier one. */
async function isRunning(container: Dockerode.Container, wish: ContainerWish): Promise<boolean> {
  const [label, value] = wish.label;
  try {
    const found = await container.inspect({ abortSignal: AbortSignal.timeout(answerMs) });
    if (found.Config.Labels?.[label] !== value) {
      throw new SuiteError('CONTAINER_REFUSED', `start the container ${wish.name}: another one has its name`, {
        hint: `rename or remove it: docker rename ${wish.name} NAME`,
      });
    }
    if (found.State.Running) return true;
    await container.remove({ force: true, abortSignal: AbortSignal.timeout(startMs) });
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
  return false;
}

async function make(api: Dockerode, wish: ContainerWish): Promise<void> {
  const made = await api.createContainer({ ...optionsOf(wish), abortSignal: AbortSignal.timeout(startMs) } as never);
  await made.start({ abortSignal: AbortSignal.timeout(startMs) });
}

function optionsOf(wish: ContainerWish): Dockerode.ContainerCreateOptions {
  return {
    name: wish.name,
    Image: wish.image,
    Labels: { [wish.label[0]]: wish.label[1] },
    Env: [...wish.environment],
    HostConfig: {
      NetworkMode: 'host',
      PidMode: 'host',
      RestartPolicy: { Name: 'no' },
      CapDrop: ['ALL'],
      CapAdd: [...wish.capabilities],
      Binds: [...wish.binds],
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': '' },
      SecurityOpt: ['no-new-privileges', ...(wish.unconfined ? ['apparmor=unconfined'] : [])],
      LogConfig: { Type: 'json-file', Config: logOptions },
    },
  };
}

/** It stays, with what it said, until the next start. */
async function endOf(container: Dockerode.Container): Promise<{ exitCode: number; lastLines: string } | undefined> {
  try {
    const { StatusCode: exitCode } = (await container.wait()) as { StatusCode: number };
    const abortSignal = AbortSignal.timeout(answerMs);
    const frames = await container.logs({ stdout: true, stderr: true, tail: lastLines, abortSignal });
    return { exitCode, lastLines: textOfFrames(frames as unknown as Buffer) };
  } catch {
    return undefined; // the engine went away or was told to remove it; the process shows whether it lives
  }
}

function statusOf(error: unknown): unknown {
  return (error as { statusCode?: unknown }).statusCode;
}

function explain(cause: unknown, { name, image }: ContainerWish, socketPath: string): SuiteError {
  if (hasCode(cause, 'CONTAINER_REFUSED')) return cause;
  const { message } = cause as Error;
  const what = `start the container ${name}`;
  const status = statusOf(cause);
  if (status === 404 && /no such image/i.test(message)) {
    return new SuiteError('IMAGE_MISSING', `${what}: the engine has no image ${image}`, {
      cause,
      hint: `docker pull ${image}, or scripts/build-images in a checkout`,
    });
  }
  if (typeof status === 'number') return new SuiteError('CONTAINER_REFUSED', `${what}: ${message}`, { cause });
  return unreachable(cause, what, socketPath);
}

function unreachable(cause: unknown, what: string, socketPath: string): SuiteError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = `${what} on ${socketPath}: ${typeof code === 'string' ? code : message}`;
  return new SuiteError('DOCKER_UNREACHABLE', why, { cause, hint: 'is the engine running?' });
}
