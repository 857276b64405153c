// Settings of the kernel below /proc/sys, of which those below net/ belong to a network namespace. Keys are paths
// (`net/ipv4/conf/eth0.5/rp_filter`), not dotted names: a device's name may contain a dot.
import { writeFileSync } from 'node:fs';
import { SuiteError } from '../model/errors.ts';
import { errnoOf, readText, readTextIfPresent } from './files.ts';
import { inNetns, type Netns } from './netns.ts';

const LONGEST = 4_096;

/** In a container the engine's own is mounted read-only, so the images have the host's at another place. */
export const procSys = process.env.CORRAL_PROC_SYS || '/proc/sys';

/** The value without the line's end; undefined if this kernel (or namespace) has no such setting. */
export function readSysctl(key: string, netns?: Netns): string | undefined {
  return inside(netns, () => readTextIfPresent(pathOf(key), LONGEST))?.trimEnd();
}

/**
 * Sets the value if it differs; returns whether it wrote.
 * @throws SuiteError FILE_UNREADABLE without such a setting, SYSCTL_REFUSED if the kernel does not take the value.
 */
export function ensureSysctl(key: string, value: string, netns?: Netns): boolean {
  const path = pathOf(key);
  return inside(netns, () => {
    if (readText(path, LONGEST).trimEnd() === value) return false;
    try {
      writeFileSync(path, value);
    } catch (cause) {
      throw new SuiteError('SYSCTL_REFUSED', `set ${key} to ${value}: ${errnoOf(cause) ?? 'failed'}`, {
        cause,
        hint: errnoOf(cause) === 'EROFS' ? '/proc/sys is mounted read-only here' : 'needs root',
      });
    }
    return true;
  });
}

function inside<T>(netns: Netns | undefined, work: () => T): T {
  return netns ? inNetns(netns, work) : work();
}

function pathOf(key: string): string {
  const isKey = /^[\w.:@-]+(\/[\w.:@-]+)+$/.test(key) && !key.split('/').some((part) => part === '.' || part === '..');
  if (!isKey) throw new SuiteError('SYSCTL_REFUSED', `use ${JSON.stringify(key)} as a kernel setting`);
  return `${procSys}/${key}`;
}
