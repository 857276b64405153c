// Pure: which file may import which. Change a rule and docs/architecture.md in one commit.
import { type Import, parseImports, withoutComments } from './parse-imports.ts';

/** The one place outside test/ that may import a package (or a builtin that is wrapped like one). */
const packageHomes: Record<string, RegExp> = {
  netlink: /^daemons\/shared\/effects\/netlink(\.ts|\/)/,
  execa: /^daemons\/shared\/effects\/command\.ts$/,
  etcd3: /^daemons\/shared\/effects\/etcd\.ts$/,
  dockerode: /^daemons\/shared\/effects\/docker(\.ts|\/(client|host-containers)\.ts)$/,
  'node:sqlite': /^daemons\/shared\/effects\/sqlite\.ts$/,
  koffi: /^daemons\/shared\/effects\/libc\.ts$/,
  cap: /^daemons\/shared\/effects\/capture\.ts$/,
  dns2: /^daemons\/dns\/codec\.ts$/,
  koa: /^daemons\/shared\/daemon\/http\.ts$/,
  pino: /^daemons\/shared\/daemon\/log\.ts$/,
  'prom-client': /^daemons\/shared\/daemon\/metrics\.ts$/,
  yaml: /^daemons\/shared\/(effects\/yaml|daemon\/config[a-z-]*)\.ts$/,
  zod: /^daemons\/shared\/daemon\/config[a-z-]*\.ts$/,
  'fastest-levenshtein': /^daemons\/shared\/daemon\/nearest\.ts$/,
  esbuild: /^scripts\//,
  'tap-parser': /^scripts\/lib\/test-run\/tap-totals\.ts$/,
};

const shared = 'daemons/shared/';
const pluginEffects = /^daemons\/shared\/effects\/(netlink|libc|netns|files|locks|sysctl)[a-z-]*(\.ts|\/)/;
/** For addresses of flat networks, loaded when it is needed. */
const claimsClient = /^daemons\/shared\/source\/call\.ts$/;
/** What makes the standalone plugins slow to start. */
const heavyPackages = ['execa', 'pino'];

const impureImports = /^node:(fs|net|child_process|dgram|http|http2|https|dns|os|tls|worker_threads|timers)(\/|$)/;
/** Functions of text alone, though their module holds effects. */
const pureNames = new Set(['isIP', 'isIPv4', 'isIPv6']);
const impureWords = /\b(process\.env|Date\.now|new Date\(\)|Math\.random|performance\.now|randomUUID|randomBytes)\b/;

/** The complaints about a tree of sources (path to text), each one line. */
export function checkImports(sources: ReadonlyMap<string, string>): string[] {
  const complaints: string[] = [];
  const imports = new Map([...sources].map(([path, text]) => [path, parseImports(path, text)]));
  for (const [path, text] of sources) {
    if (path.startsWith('test/')) continue;
    for (const one of imports.get(path) ?? []) {
      const why = isFile(one.from) ? forbidsFile(path, one.from) : forbidsPackage(path, one.from);
      if (why !== undefined) complaints.push(`${path} imports ${one.from}: ${why}`);
    }
    if (isPure(path, text)) complaints.push(...checkPure(path, text, imports.get(path) ?? [], sources));
    if (path.startsWith('cni-plugins/')) complaints.push(...checkWeight(path, imports));
  }
  return complaints;
}

const isFile = (from: string): boolean => from.includes('/') && !from.startsWith('node:') && !from.startsWith('@');

function isPure(path: string, text: string): boolean {
  return path.startsWith(`${shared}model/`) || /^(#!.*\n)?\/\/ Pure\b/.test(text);
}

function forbidsPackage(path: string, name: string): string | undefined {
  const home = packageHomes[name];
  if (name.startsWith('node:') && home === undefined) return undefined;
  if (path.startsWith(`${shared}model/`)) return 'the model imports nothing outside itself';
  if (home === undefined) return 'no rule in test/house says which file may import this package';
  return home.test(path) ? undefined : 'another file is the one that imports this package';
}

function forbidsFile(path: string, from: string): string | undefined {
  if (from.startsWith('test/')) return 'nothing imports test/';
  const allowed = allowedPlaces(path);
  if (
    allowed === undefined ||
    allowed.some((place) => (typeof place === 'string' ? from.startsWith(place) : place.test(from)))
  )
    return undefined;
  return 'this folder may not import from there';
}

/** Where a file may import from; undefined means anywhere. */
function allowedPlaces(path: string): (string | RegExp)[] | undefined {
  const layers: Record<string, string[]> = {
    model: ['model/'],
    reconcile: ['reconcile/', 'model/'],
    effects: ['effects/', 'model/'],
    source: ['source/', 'model/', 'reconcile/', 'effects/'],
    daemon: [''],
  };
  if (path.startsWith(shared)) {
    const layer = path.slice(shared.length).split('/')[0] ?? '';
    return (layers[layer] ?? []).map((place) => shared + place);
  }
  if (path.startsWith('daemons/')) {
    const own = path.split('/').slice(0, 2).join('/');
    return [shared, `${own}/`, ...(own === 'daemons/network-manager' ? ['cni-plugins/'] : [])];
  }
  if (path.startsWith('cni-plugins/')) return ['cni-plugins/', `${shared}model/`, pluginEffects, claimsClient];
  return undefined;
}

function checkPure(
  path: string,
  text: string,
  imports: readonly Import[],
  sources: ReadonlyMap<string, string>,
): string[] {
  const complaints: string[] = [];
  const word = impureWords.exec(withoutComments(text));
  if (word) complaints.push(`${path} is pure and uses ${word[0]}`);
  for (const { from, typeOnly, names } of imports) {
    const harmless = typeOnly || (names.length > 0 && names.every((name) => pureNames.has(name)));
    if (impureImports.test(from) && !harmless) complaints.push(`${path} is pure and imports ${from}`);
    const target = sources.get(from);
    // A type is no effect: it may come from the file that has the effect.
    if (typeOnly || target === undefined || isPure(from, target)) continue;
    if (from.startsWith(`${shared}reconcile/`) && !from.endsWith('/loop.ts')) continue;
    complaints.push(`${path} is pure and imports ${from}, which is not`);
  }
  return complaints;
}

/** Follows imports that survive at run time, through every file, to the packages that a plugin must not load. */
function checkWeight(path: string, imports: ReadonlyMap<string, readonly Import[]>): string[] {
  const seen = new Set([path]);
  const queue = [path];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const { from, typeOnly } of imports.get(at) ?? []) {
      if (typeOnly || seen.has(from)) continue;
      seen.add(from);
      queue.push(from);
    }
  }
  return heavyPackages.filter((name) => seen.has(name)).map((name) => `${path} pulls in ${name}, at any depth`);
}
