// Takes a lab away: its processes, and with them its namespaces, devices and mounts; then its folder. What is not there counts
// as removed, so a second run, or one after a crash or a reboot, does what is left to do.
import { existsSync } from 'node:fs';
import { removeLabFiles } from './lab-file.ts';
import { labDir } from './plan-lab.ts';
import { endSpaces } from './spaces.ts';

/** Whether there was anything. */
export async function takeDown(name: string): Promise<boolean> {
  const dir = labDir(name);
  const ended = await endSpaces(name);
  const hadFiles = existsSync(dir);
  removeLabFiles(dir);
  return ended > 0 || hadFiles;
}
