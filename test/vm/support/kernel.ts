// The kernel that setup unpacked, with its modules.
import { readdirSync, readFileSync } from 'node:fs';

export const checkout: string = new URL('../../..', import.meta.url).pathname.replace(/\/$/, '');

export interface Kernel {
  readonly image: string;
  /** The folder of its modules, with their index. */
  readonly modules: string;
  /** As Debian names it: `6.1.192-3`. */
  readonly version: string;
}

/** @throws Error that tells the remedy */
export function findKernel(): Kernel {
  const home = `${checkout}/.runtime/kernel`;
  try {
    const [release = ''] = readdirSync(`${home}/lib/modules`);
    const version = /^Version: (.*)$/m.exec(readFileSync(`${home}/version`, 'utf8'))?.[1] ?? 'unknown';
    return { image: `${home}/vmlinuz`, modules: `${home}/lib/modules/${release}`, version };
  } catch (error) {
    throw new Error(`there is no kernel for the virtual machine in ${home}: run scripts/setup --dev`, { cause: error });
  }
}
