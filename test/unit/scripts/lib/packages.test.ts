import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const library = join(import.meta.dirname, '../../../../scripts/lib/packages.sh');

/** What would be installed on a machine where dpkg-query prints `installed`, with the commands of `t.testdir`. */
function missing(bin: string, words: string): string[] {
  const script = `. '${library}'; PATH='${bin}:/usr/bin:/bin' missing_packages ${words}`;
  return execFileSync('sh', ['-eu', '-c', script], { encoding: 'utf8', timeout: 10_000 }).split('\n').slice(0, -1);
}

function machine(bin: string): string {
  for (const name of ['dpkg-query', 'a-docker-of-its-own']) chmodSync(join(bin, name), 0o755);
  return bin;
}

t.test('only what is missing is named', async (t) => {
  const bin = machine(
    t.testdir({
      'dpkg-query':
        '#!/bin/sh\nprintf "iptables/installed g++/installed podman/half-installed conntrack/config-files "\nexit 1\n',
      'a-docker-of-its-own': '#!/bin/sh\n',
    }),
  );
  t.same(missing(bin, 'iptables g++'), []);
  t.same(missing(bin, 'iptables iproute2 podman conntrack tables'), ['iproute2', 'podman', 'conntrack', 'tables']);
});

t.test('an engine from elsewhere makes its package unnecessary', async (t) => {
  const bin = machine(t.testdir({ 'dpkg-query': '#!/bin/sh\nexit 1\n', 'a-docker-of-its-own': '#!/bin/sh\n' }));
  t.same(missing(bin, 'docker.io:a-docker-of-its-own'), []);
  t.same(missing(bin, 'docker.io:no-such-command runc:no-such-command'), ['docker.io', 'runc']);
});
