// Podman with its CNI backend binds each published port itself and leaves the socket to conmon, the monitor of the container: no
// other program shall take the port meanwhile. Such a socket takes no packet and is no news. It is told apart by its number, which
// only conmon of the very container holds among its descriptors.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { monitoredContainer } from './parse-conmon.ts';
import type { TakenPort } from './parse-listeners.ts';
import type { PortClaim } from './port-claims.ts';

export class RuntimeHolds {
  /** Holds that were seen, of ports that are still taken: a socket does not change its owner. */
  #known = new Set<string>();

  /** Those of which any listener is another program than the container's own monitor. */
  async foreign(taken: readonly TakenPort[]): Promise<PortClaim[]> {
    const holds = taken.map(({ claim, sockets }) => ({ claim, keys: sockets.map((socket) => keyOf(claim, socket)) }));
    if (holds.some(({ keys }) => keys.some((key) => !this.#known.has(key)))) {
      const containers = new Set(holds.flatMap(({ claim }) => claim.container.externalId ?? []));
      for (const key of await findHolds(containers)) this.#known.add(key);
    }
    this.#known = this.#known.intersection(new Set(holds.flatMap(({ keys }) => keys)));
    return holds.filter(({ keys }) => !keys.every((key) => this.#known.has(key))).map(({ claim }) => claim);
  }
}

function keyOf({ container }: PortClaim, socket: string): string {
  return `${container.externalId} ${socket}`;
}

/** All sockets of the monitors of these containers. Processes that end meanwhile hold nothing. */
async function findHolds(containers: ReadonlySet<string>): Promise<string[]> {
  if (containers.size === 0) return [];
  const found: string[] = [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const container = monitoredContainer(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
    if (container === undefined || !containers.has(container)) continue;
    for (const socket of await socketsOf(pid)) found.push(`${container} ${socket}`);
  }
  return found;
}

async function socketsOf(pid: string): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}
