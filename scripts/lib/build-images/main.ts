// Builds the container images: the bundles of a release and this Node.js go into a context each, `docker build` does the rest.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { absentPackages, type ImageSpec, images } from './images.ts';
import { type Lock, labelOf, makeBom } from './sbom.ts';
import { stage } from './stage.ts';

const help = `Usage: scripts/build-images [options] [NAME...]

Builds the images of the suite: ${images.map(({ name }) => name).join(' ')}.

  --prefix TEXT   before the name, default corral/
  --tag TAG       default: the version
  --base IMAGE    instead of the pinned Debian image
  --iptables WHAT nft (default) or legacy, as on the hosts
  --release DIR   what scripts/pack --directory has made; default: it is made now
  --network MODE  for the build's own commands: none if the base has all packages
  --no-cache      builds everything anew
  --push          push them, too

SOURCE_DATE_EPOCH sets the time stamps; default: the time of the last commit.`;

const [root = '', ...args] = process.argv.slice(2);
const { values, positionals } = parseArgs({
  args,
  allowPositionals: true,
  options: {
    prefix: { type: 'string', default: 'corral/' },
    tag: { type: 'string' },
    base: { type: 'string' },
    release: { type: 'string' },
    iptables: { type: 'string', default: 'nft' },
    network: { type: 'string', default: 'default' },
    'no-cache': { type: 'boolean', default: false },
    push: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
const { dependencies, optionalDependencies } = lock.packages[''] ?? {};
const direct = Object.keys({ ...dependencies, ...optionalDependencies });
const epoch = process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct') ?? '0';

function git(...words: string[]): string | undefined {
  try {
    return execFileSync('git', ['-C', root, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined; // a source archive
  }
}

function build(image: ImageSpec, release: string): void {
  const bom = makeBom({
    image: image.name,
    lock,
    without: absentPackages(image, direct),
    node: process.versions.node,
    arch: process.arch,
  });
  const context = stage(image, { root, release, bom: `${JSON.stringify(bom, undefined, 1)}\n` });
  const tag = `${values.prefix}${image.name}:${values.tag ?? lock.version}`;
  const labels = {
    'org.opencontainers.image.title': `corral ${image.name}`,
    'org.opencontainers.image.description': image.about,
    'org.opencontainers.image.version': lock.version,
    'org.opencontainers.image.revision': git('rev-parse', 'HEAD') ?? '',
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'io.corral.sbom': labelOf(bom),
  };
  const buildArgs = {
    SOURCE_DATE_EPOCH: epoch,
    ...(values.base && { BASE: values.base }),
    ...(readFileSync(join(root, 'images', image.name, 'Dockerfile'), 'utf8').includes('ARG IPTABLES') && {
      IPTABLES: values.iptables,
    }),
  };
  docker([
    'build',
    ...['--file', join(root, 'images', image.name, 'Dockerfile'), '--tag', tag, '--network', values.network],
    ...(values['no-cache'] ? ['--no-cache'] : []),
    ...Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    context,
  ]);
  if (values.push) docker(['push', tag]);
}

function docker(words: readonly string[]): void {
  const { status, error } = spawnSync('docker', words, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  console.error(`build-images: docker ${words[0]} failed: ${error?.message ?? `exit ${status}`}`);
  process.exit(1);
}

function main(): void {
  const unknown = positionals.find((name) => !images.some((image) => image.name === name));
  if (values.help || unknown) {
    console.error(unknown ? `build-images: no image ${unknown}\n\n${help}` : help);
    process.exit(values.help ? 0 : 2);
  }
  const release = values.release ?? pack();
  for (const image of images) if (positionals.length === 0 || positionals.includes(image.name)) build(image, release);
}

function pack(): string {
  const dir = join(root, 'dist/images/release');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(join(root, 'dist/images'), { recursive: true });
  execFileSync(join(root, 'scripts/pack'), ['--directory', dir], { stdio: ['ignore', 'ignore', 'inherit'] });
  return dir;
}

main();
