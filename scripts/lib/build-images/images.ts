// Pure: the images, and what each carries of a release and of images/.

export interface ImageSpec {
  readonly name: string;
  readonly about: string;
  /** Paths of the release; one that is not there (an optional package) is left out. */
  readonly files: readonly string[];
  /** Files of images/<name>/, and their paths in the image. */
  readonly own: Readonly<Record<string, string>>;
}

const natives = ['package.json', 'build', 'node_modules/koffi', 'node_modules/netlink', 'node_modules/node-gyp-build'];
const engines = 'node_modules/dockerode';
const capture = 'node_modules/cap';

export const images: readonly ImageSpec[] = [
  suite('metadata', 'store and metadata service of Corral', ['daemons/metadata', 'node_modules/etcd3']),
  suite('dns', 'DNS of Corral', ['daemons/dns']),
  suite('network-manager', 'bridges, addresses and ports of Corral', ['daemons/network-manager', engines]),
  suite('overlay', 'tunnels between hosts of Corral', ['daemons/overlay', capture]),
  suite('supervisor', 'supervisor and command of Corral', ['daemons/supervisor', 'cni', engines]),
  suite('node', 'Corral, the whole node', ['daemons', 'cni', 'node_modules']),
  {
    name: 'charon',
    about: 'IKE daemon for Corral',
    files: [],
    own: {
      'strongswan.conf': 'etc/strongswan.conf',
      'healthcheck.cjs': 'usr/lib/corral/charon-healthcheck.cjs',
    },
  },
];

function suite(name: string, about: string, files: readonly string[]): ImageSpec {
  return { name, about, files: [...natives, ...files], own: {} };
}

/** Packages that are looked up at run time, so that the bundles do not hold them. */
const lookedUp: readonly string[] = ['etcd3', 'dockerode', 'cap'];

/** Of the suite's direct dependencies those that the image is without. */
export function absentPackages({ files }: ImageSpec, direct: readonly string[]): string[] {
  const has = (path: string): boolean => files.some((file) => path === file || path.startsWith(`${file}/`));
  if (!files.some((file) => file.startsWith('daemons'))) return [...direct];
  return direct.filter((name) => name === 'esbuild' || (lookedUp.includes(name) && !has(`node_modules/${name}`)));
}
