// Pure: where this program lies, and what lies beside it: a checkout or a release. Both have the programs at the same paths
// below their root, in a checkout as sources, in a release each as one bundle.
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);
const root = self.slice(0, self.lastIndexOf('/daemons/'));

export const isRelease: boolean = !self.endsWith('.ts');

/** What Node runs for `daemons/dns/main`. Each program of a release is named in scripts/lib/bundle/programs.ts. */
export function programPath(name: string): string {
  return `${root}/${name}${isRelease ? '.js' : '.ts'}`;
}

/** A file or folder beside the programs that is none, such as `daemons/supervisor/page`. */
export function installedPath(path: string): string {
  return `${root}/${path}`;
}

/** Advice to who lacks a Debian package. @param flags of scripts/setup, which a release does not have */
export function howToInstall(debianPackage: string, flags: string): string {
  return isRelease
    ? `Run apt-get install ${debianPackage}; no service of it is needed`
    : `Run scripts/setup ${flags}, which installs it and starts no service`;
}

export const packageFile: string = installedPath('package.json');
/** Where the command `corral` is. */
export const commandDirectory: string = `${root}/${isRelease ? 'bin' : 'scripts'}`;
export const builtPlugins: string = `${root}/${isRelease ? 'cni' : 'dist/cni'}`;
