// Finds the running containers whose name files network-manager wrote into. An engine that is away is passed over: its containers
// get files of their own again when they start.
import { dockerAt } from '../../shared/effects/docker.ts';
import { readTextIfPresent } from '../../shared/effects/files.ts';
import { type OurNames, restoreHosts, restoreResolvConf } from './restore-names.ts';

export interface NameFile {
  readonly container: string;
  readonly path: string;
  readonly body: string;
}

/** The machine's own, which an engine names when a container shares them. */
const hostFiles = ['/etc/resolv.conf', '/etc/hosts'];

export async function findNameFiles(sockets: readonly string[], ours: OurNames): Promise<NameFile[]> {
  const found = await Promise.all(sockets.map((socket) => namesOfEngine(socket, ours).catch(() => [])));
  return found.flat();
}

async function namesOfEngine(socket: string, ours: OurNames): Promise<NameFile[]> {
  const docker = dockerAt(socket);
  const files: NameFile[] = [];
  for (const { id } of await docker.running()) {
    const container = await docker.inspect(id);
    if (!container) continue;
    const { name, resolvConfPath, hostsPath } = container;
    files.push(
      ...changed(name, resolvConfPath, (text) => restoreResolvConf(text, ours)),
      ...changed(name, hostsPath, restoreHosts),
    );
  }
  return files;
}

function changed(container: string, path: string, restore: (text: string) => string): NameFile[] {
  if (!path.startsWith('/') || hostFiles.includes(path)) return [];
  const have = readTextIfPresent(path);
  const body = have === undefined ? undefined : restore(have);
  return body === undefined || body === have ? [] : [{ container, path, body }];
}
