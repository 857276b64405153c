// A base image made of the Debian packages that this machine has installed, since no registry can be reached: their files, their
// dependencies' files, and dpkg's own list of them. Nothing is downloaded.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What a build stage runs, and what the images take from it. */
const wanted = [
  'bash',
  'dash',
  'coreutils',
  'dpkg',
  'findutils',
  'grep',
  'sed',
  'libc-bin',
  'libstdc++6',
  'tar',
  'iptables',
  'libpcap0.8',
];
/** Libraries and plugins of charon, for the image of that name. */
const wantedForCharon = ['charon-systemd', 'libcharon-extra-plugins', 'libstrongswan-standard-plugins'];

interface Package {
  readonly name: string;
  readonly paragraph: string;
  readonly depends: readonly string[];
}

/** Writes the tree as an archive that `docker import` takes. */
export function packDebianBase(dir: string): string {
  const packages = closure(readStatus(), [...wanted, ...wantedForCharon]);
  const tree = join(dir, 'base');
  const admin = join(tree, 'var/lib/dpkg');
  mkdirSync(join(admin, 'info'), { recursive: true });
  writeFileSync(join(admin, 'status'), packages.map(({ paragraph }) => `${paragraph}\n\n`).join(''));
  for (const name of ['arch', 'info/format']) {
    if (existsSync(`/var/lib/dpkg/${name}`)) copyFileSync(`/var/lib/dpkg/${name}`, join(admin, name));
  }
  const files = packages.flatMap(({ name }) => {
    const list = listOf(name);
    writeFileSync(join(admin, 'info', list.slice(list.lastIndexOf('/') + 1)), readFileSync(list));
    return readFileSync(list, 'utf8').split('\n').filter(isPart).map(settled);
  });
  mkdirSync(join(tree, 'tmp'), { recursive: true });
  files.push(settled('/bin/sh')); // made by dash as it is installed, so in no list
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) if (existsSync(`/${name}`)) files.push(`/${name}`);
  const names = join(dir, 'files');
  writeFileSync(names, [...new Set(files)].map((path) => path.slice(1)).join('\0'));
  const [archive, parts] = [join(dir, 'base.tar'), join(dir, 'files.tar')];
  tar('-C', '/', '--no-recursion', '--null', '--files-from', names, '-cf', parts);
  tar('-C', tree, '-xf', parts);
  tar('-C', tree, '-cf', archive, '.'); // made anew, since an engine takes no path twice
  return archive;
}

function tar(...args: string[]): void {
  execFileSync('tar', args, { stdio: 'pipe' });
}

/** Manuals and translations are in no image; `/bin` and its like are links, which are taken once. */
function isPart(path: string): boolean {
  if (path === '' || path === '/.' || /^\/usr\/share\/(man|locale|info|lintian|bug)\//.test(path)) return false;
  return existsSync(path) && !(lstatSync(path).isSymbolicLink() && /^\/(bin|sbin|lib|lib64)$/.test(path));
}

/** Where it really lies: `/bin/tar` of a package is below `/usr` where `/bin` is a link. */
function settled(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}

function readStatus(): ReadonlyMap<string, Package> {
  const paragraphs = readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n');
  const installed = paragraphs.filter((text) => /^Status: .* installed$/m.test(text));
  return new Map(
    installed.map((paragraph) => {
      const name = /^Package: (.+)$/m.exec(paragraph)?.[1] ?? '';
      const depends = [...paragraph.matchAll(/^(?:Pre-)?Depends: (.+)$/gm)].flatMap(([, list = '']) => list.split(','));
      return [name, { name, paragraph: paragraph.trim(), depends }];
    }),
  );
}

function closure(status: ReadonlyMap<string, Package>, names: readonly string[]): Package[] {
  const found = new Map<string, Package>();
  const visit = (name: string): void => {
    const one = status.get(name);
    if (!one || found.has(name)) return;
    found.set(name, one);
    for (const choice of one.depends) {
      const names = choice.split('|').map((text) => text.trim().replace(/[ :(].*$/, ''));
      const present = names.find((candidate) => status.has(candidate));
      if (present) visit(present);
    }
  };
  for (const name of names) visit(name);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function listOf(name: string): string {
  const arch = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  const usual = `/var/lib/dpkg/info/${name}.list`;
  return existsSync(usual) ? usual : `/var/lib/dpkg/info/${name}:${arch}.list`;
}
