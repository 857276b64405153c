// compose.yaml, the launcher's needs and the tables of images/README.md say the same.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { daemonNames } from '../../../daemons/shared/model/paths.ts';
import { needsOf } from '../../../daemons/supervisor/containers/needs.ts';
import { containerName } from '../../../daemons/supervisor/containers/plan-container.ts';
import { images } from '../../../scripts/lib/build-images/images.ts';

interface Service {
  readonly image: string;
  readonly container_name: string;
  readonly network_mode: string;
  readonly pid: string;
  readonly read_only: boolean;
  readonly privileged?: boolean;
  readonly restart: string;
  readonly cap_drop: readonly string[];
  readonly cap_add: readonly string[];
  readonly security_opt: readonly string[];
  readonly volumes: readonly string[];
}

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const services: Record<string, Service> = parse(read('images/compose.yaml'), { merge: true }).services;
const readme = read('images/README.md');
const { version } = JSON.parse(read('package.json')) as { version: string };
const places = { configDir: '/etc/corral', engineRoot: '/var/lib/docker' };

/** Rows of the table of capabilities: container, capability, reason. */
const granted = [...readme.matchAll(/^\| ([a-z-]+) \| `([A-Z_]+)` \| (.+) \|$/gm)].map(([, who, what, why]) => ({
  who,
  what,
  why,
}));

t.test('each daemon asks Compose for what the launcher gives it', async (t) => {
  for (const name of daemonNames) {
    const service = services[name]!;
    const needs = needsOf(name, places);
    t.same(service.cap_add, needs.capabilities, name);
    t.same(
      service.volumes.map((text) => text.replaceAll(/\$\{DOCKER_ROOT:-(.*?)\}/g, '$1')),
      needs.binds,
    );
    t.equal(service.security_opt.includes('apparmor=unconfined'), needs.unconfined);
    t.equal(service.container_name, containerName(name));
  }
});

t.test('all are limited in the same way', async (t) => {
  for (const [name, service] of Object.entries(services)) {
    t.match(
      service,
      { network_mode: 'host', pid: 'host', read_only: true, restart: 'always', cap_drop: ['ALL'] },
      name,
    );
    t.ok(service.security_opt.includes('no-new-privileges'));
    t.notOk(service.privileged);
    t.equal(service.image, `\${CORRAL_IMAGES_PREFIX:-corral/}${name}:\${CORRAL_IMAGES_TAG:-${version}}`);
  }
});

t.test('the README gives a reason for each capability, and for no other', async (t) => {
  const asked = Object.entries(services).flatMap(([who, { cap_add: list }]) => list.map((what) => `${who} ${what}`));
  t.same(granted.map(({ who, what }) => `${who} ${what}`).sort(), asked.sort());
  t.ok(granted.every(({ why }) => (why ?? '').length > 10));
});

t.test('every image has its Dockerfile, with the same pinned base and a health check', async (t) => {
  const files = images.map(({ name }) => read(`images/${name}/Dockerfile`));
  const bases = new Set(files.map((text) => /^ARG BASE=(.+)$/m.exec(text)?.[1]));
  t.equal(bases.size, 1);
  t.match([...bases][0], /^debian:12-slim@sha256:[0-9a-f]{64}$/);
  for (const text of files) {
    t.match(text, /^HEALTHCHECK /m);
    t.match(text, /^FROM scratch$/m);
    t.notMatch(text, /^ADD |:latest|curl|wget/m);
  }
  for (const { name } of images) t.match(readme, `\`corral/${name}\``);
});
