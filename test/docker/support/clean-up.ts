// What a killed dockerd leaves: containerd, its shims, the containers, mounts and cgroups. All are recognised by a
// directory or a cgroup that belongs to one test alone.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../netns/support/namespaces.ts';

/** Kills, by pid, the processes whose command line names a path below `dir` or that are in the cgroup, and waits for their end. */
export async function stopAllBelow(dir: string, cgroup: string): Promise<void> {
  await until(20_000, `the processes below ${dir} end`, () => {
    const left = processes().filter((pid) => belongs(pid, dir, cgroup));
    for (const pid of left) kill(pid);
    return left.length === 0;
  });
}

function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

function belongs(pid: number, dir: string, cgroup: string): boolean {
  const named = read(`/proc/${pid}/cmdline`)
    .split('\0')
    .some((word) => word === dir || word.includes(`${dir}/`));
  // A zombie has neither, so it does not hold up the end.
  return (named && isEngine(pid)) || read(`/proc/${pid}/cgroup`).includes(`${cgroup}/`);
}

function isEngine(pid: number): boolean {
  return /^(dockerd|containerd|containerd-shim.*|docker-proxy|docker-init|runc)$/.test(
    read(`/proc/${pid}/comm`).trim(),
  );
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** Mounts that reached the machine's own mount namespace; usually none. Deepest first. */
export function unmountBelow(dir: string): void {
  const points = read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${dir}/`))
    .reverse();
  for (const point of points) execFileSync('umount', ['-l', point]);
}

/** Removes the empty cgroups that the containers were in, of every hierarchy. */
export function removeCgroups(cgroup: string): void {
  const root = '/sys/fs/cgroup';
  const hierarchies = existsSync(root) ? ['', ...readdirSync(root)] : [];
  for (const hierarchy of hierarchies) removeTree(join(root, hierarchy, cgroup));
}

function removeTree(dir: string): void {
  if (!existsSync(dir)) return;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(dir, entry.name));
  }
  try {
    rmdirSync(dir);
  } catch {
    // The kernel still holds it for a dying process; an empty cgroup harms nobody.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
