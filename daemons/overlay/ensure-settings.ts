// Sets what differs of the kernel's settings. One that is not there is passed over: its device comes later, went meanwhile, or is
// of a family that this kernel lacks.
import { errnoOf } from '../shared/effects/files.ts';
import { ensureSysctl } from '../shared/effects/sysctl.ts';
import { hasCode } from '../shared/model/errors.ts';

/** @returns a line for each that was written */
export function ensureSettings(settings: Iterable<readonly [path: string, value: string]>): string[] {
  return [...settings].flatMap(([path, value]) => {
    try {
      return ensureSysctl(path, value) ? [`set ${path} to ${value}`] : [];
    } catch (error) {
      if (hasCode(error, 'FILE_UNREADABLE') && errnoOf(error.cause) === 'ENOENT') return [];
      throw error;
    }
  });
}
