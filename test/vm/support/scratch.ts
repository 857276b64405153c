// Folders of the virtual machine below the system's temporary one, named after the process that needs them: what a killed one
// left is removed by the next.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

export function makeScratch(): string {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^corral-vm-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeScratch(`${tmpdir()}/${name}`);
  }
  return mkdtempSync(`${tmpdir()}/corral-vm-${process.pid}-`);
}

export function removeScratch(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}
