// The containers of a lab's host: a network namespace of its name in the host's space, a process in it that sees the suite's
// resolver, an attachment. What was started is remembered in the host's folder.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { programPath } from '../../shared/daemon/installation.ts';
import { type CommandResult, run } from '../../shared/effects/command.ts';
import { ensureDir, readTextIfPresent, writeAtomic } from '../../shared/effects/files.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { callJson } from '../../shared/source/call.ts';
import { labEnvironment } from './environment.ts';
import { socketOn } from './host-suite.ts';
import { containerResolvConf, labService } from './lab-config.ts';
import type { PlannedHost } from './plan-lab.ts';
import { enter, type Space, startIn } from './spaces.ts';

export interface ContainerWish {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly publish: readonly string[];
  readonly network: string | undefined;
  /** Words of the program; empty: one that waits, or answers at the published ports. */
  readonly command: readonly string[];
}

export interface LabContainer {
  readonly name: string;
  readonly address: string | null;
  /** Null: it has none. */
  readonly address6: string | null;
  readonly network: string;
  readonly publish: readonly string[];
}

/** As it was recorded when it was started; a former version left the IPv6 address out. */
export type ContainerRecord = Omit<LabContainer, 'address6'> & Partial<Pick<LabContainer, 'address6'>>;

const greeter = programPath('daemons/supervisor/lab/greeter');

/** Starts it, attaches it, and tells its addresses. @throws SuiteError ATTACHMENT_EXISTS for a name that is taken here */
export async function startContainer(host: PlannedHost, space: Space, wish: ContainerWish): Promise<LabContainer> {
  const path = recordOf(host, wish.name);
  if (readTextIfPresent(path) !== undefined) {
    throw new SuiteError('ATTACHMENT_EXISTS', `start ${wish.name} on ${host.name}: there is one`, {
      hint: `corral lab rm ${host.name} ${wish.name} ends it`,
    });
  }
  const inside = `/etc/netns/${wish.name}`;
  const prepare = `ip netns add "$1" && ip -n "$1" link set lo up && mkdir -p "$2" && printf %s "$3" >"$2/resolv.conf"`;
  await onHost(space, ['sh', '-ec', prepare, 'sh', wish.name, inside, containerResolvConf()]);
  try {
    const made = { ...(await attach(host, wish)), address6: await address6Of(space, wish.name) };
    startProgram(host, space, wish, made.address);
    ensureDir(`${host.root}/containers`);
    writeAtomic(path, JSON.stringify(made));
    return made;
  } catch (error) {
    await dropNamespace(space, wish.name);
    throw error;
  }
}

/** Ends its processes, takes its address back and removes it; nothing to do for one that is not there. */
export async function dropContainer(host: PlannedHost, space: Space, name: string): Promise<void> {
  await callJson(socketOn(host, 'network-manager'), '/v1/detach', {
    body: { target: `/run/netns/${name}` },
    timeoutMs: 30_000,
  });
  await dropNamespace(space, name);
  rmSync(recordOf(host, name), { force: true });
}

export function listContainers(host: PlannedHost): ContainerRecord[] {
  try {
    return readdirSync(`${host.root}/containers`)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => JSON.parse(readTextIfPresent(`${host.root}/containers/${name}`) ?? '{}') as ContainerRecord);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The host's containers; where a record lacks the IPv6 address, the container itself is asked. */
export async function observeContainers(host: PlannedHost, space: Space | undefined): Promise<LabContainer[]> {
  return await Promise.all(
    listContainers(host).map(async ({ address6, ...record }) => {
      const found = address6 === undefined && space ? await address6Of(space, record.name).catch(() => null) : null;
      return { ...record, address6: address6 ?? found };
    }),
  );
}

/** Read inside, since the answer to an attachment has the first address alone, which is of IPv4. */
async function address6Of(space: Space, name: string): Promise<string | null> {
  const show = ['ip', '-n', name, '-6', '-o', 'address', 'show', 'dev', 'eth0', 'scope', 'global'];
  const { stdout } = await onHost(space, show);
  return /inet6 ([^/\s]+)/.exec(stdout)?.[1] ?? null;
}

async function attach(host: PlannedHost, wish: ContainerWish): Promise<Omit<LabContainer, 'address6'>> {
  const { address, network } = await callJson<{ address: string | null; network: string }>(
    socketOn(host, 'network-manager'),
    '/v1/attach',
    {
      body: {
        target: `/run/netns/${wish.name}`,
        name: wish.name,
        labels: Object.keys(wish.labels).length > 0 ? wish.labels : labService,
        publish: wish.publish,
        ...(wish.network === undefined ? {} : { network: wish.network }),
      },
      timeoutMs: 30_000,
    },
  );
  return { name: wish.name, address: address?.split('/')[0] ?? null, network, publish: wish.publish };
}

function startProgram(host: PlannedHost, space: Space, wish: ContainerWish, address: string | null): void {
  const logs = `${host.root}/containers`;
  mkdirSync(logs, { recursive: true });
  const log = `${logs}/${wish.name}.log`;
  startIn(space, programOf(wish, address), { env: labEnvironment(), log, container: wish.name });
}

function programOf(wish: ContainerWish, address: string | null): string[] {
  if (wish.command.length > 0) return [...wish.command];
  const ports = wish.publish.map((text) => /:(\d+)(?:\/tcp)?$/.exec(text)?.[1]).filter((port) => port !== undefined);
  if (ports.length === 0) return ['sleep', 'infinity'];
  return [process.execPath, greeter, `${wish.name} (${address ?? 'no address'})`, ...new Set(ports)];
}

async function dropNamespace(space: Space, name: string): Promise<void> {
  const drop =
    'if [ -e "/run/netns/$1" ]; then ip netns pids "$1" | xargs -r kill -9; ip netns delete "$1"; fi; rm -rf "/etc/netns/$1"';
  await onHost(space, ['sh', '-ec', drop, 'sh', name]);
}

async function onHost(space: Space, command: readonly string[]): Promise<CommandResult> {
  const [program = '', ...words] = [...enter(space), ...command];
  return await run(program, words);
}

function recordOf(host: PlannedHost, name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(name)) return `${host.root}/containers/${name}.json`;
  throw new SuiteError('NAME_INVALID', `call a container ${JSON.stringify(name)}`, {
    hint: 'Letters, digits, _ . -, at most 63, starting with a letter or digit',
  });
}
