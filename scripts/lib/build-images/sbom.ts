// Pure: the bill of materials of an image (CycloneDX 1.5): Node.js and the npm packages that package-lock.json names. What is
// Debian's is listed beside it by images/build/make-tree, since only the build knows the versions.

/** An entry of `packages` in package-lock.json. */
interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  /** Of a package that fits some machines only. */
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lock {
  readonly version: string;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export interface Component {
  readonly type: 'library' | 'application';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly { readonly license: { readonly id: string } }[];
  readonly hashes?: readonly { readonly alg: 'SHA-512'; readonly content: string }[];
}

export interface Bom {
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.5';
  readonly version: 1;
  readonly metadata: {
    readonly component: { readonly type: 'container'; readonly name: string; readonly version: string };
  };
  readonly components: readonly Component[];
}

export interface BomWish {
  readonly image: string;
  readonly lock: Lock;
  /** Direct dependencies that are not in the image. */
  readonly without: readonly string[];
  /** `24.21.0` */
  readonly node: string;
  /** As Node.js names it: `x64` */
  readonly arch: string;
}

export function makeBom({ image, lock, without, node, arch }: BomWish): Bom {
  const packages = reachable(lock, without).filter(
    (path) => fits(lock.packages[path]!, arch) && !path.includes('/@types/'),
  );
  const runtime: Component = { type: 'application', name: 'node', version: node, purl: `pkg:generic/node@${node}` };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'container', name: `corral/${image}`, version: lock.version } },
    components: [runtime, ...packages.map((path) => componentOf(path, lock.packages[path]!))],
  };
}

/** Small enough for a label: what is in it, without licenses and hashes. */
export function labelOf(bom: Bom): string {
  return JSON.stringify({
    ...bom,
    components: bom.components.map(({ type, name, version, purl }) => ({ type, name, version, purl })),
  });
}

/** Paths of the packages that the suite loads, sorted. */
function reachable(lock: Lock, without: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (from: string, skip: readonly string[]): void => {
    const { dependencies = {}, optionalDependencies = {} } = lock.packages[from] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const path = skip.includes(name) ? undefined : resolve(lock, from, name);
      if (path === undefined || found.has(path)) continue;
      found.add(path);
      visit(path, []);
    }
  };
  visit('', without);
  return [...found].sort();
}

function fits({ os, cpu }: LockedPackage, arch: string): boolean {
  return (os?.includes('linux') ?? true) && (cpu?.includes(arch) ?? true);
}

/** As Node.js looks it up: in the package's own node_modules, then in those around it. */
function resolve(lock: Lock, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (lock.packages[path]) return path;
    if (at === '') return undefined; // optional, and not for this platform
  }
}

function componentOf(path: string, { version = '', license, integrity }: LockedPackage): Component {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const hash = /^sha512-(.+)$/.exec(integrity ?? '')?.[1];
  return {
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(license && { licenses: [{ license: { id: license } }] }),
    ...(hash && { hashes: [{ alg: 'SHA-512' as const, content: Buffer.from(hash, 'base64').toString('hex') }] }),
  };
}
