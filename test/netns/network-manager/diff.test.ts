import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { container } from '../../unit/support/snapshots.ts';
import { exec, isRoot, makeNamespace } from '../support/namespaces.ts';
import { type Difference, startKeepers } from './support/keepers.ts';
import { objects } from './support/lab.ts';

if (!isRoot) t.plan(0, 'needs root');

t.test('what is wanted against what there is, and nothing written', async (t) => {
  const host = makeNamespace(t, 'di');
  const bin = mkdtempSync('/tmp/co-bin-');
  t.teardown(() => rmSync(bin, { recursive: true, force: true }));
  for (const name of ['iptables', 'iptables-save', 'iptables-restore']) {
    symlinkSync('/usr/sbin/xtables-nft-multi', `${bin}/${name}`);
  }
  const keepers = startKeepers(t, host, { env: { PATH: bin } });
  const changes = ({ keepers: all }: Difference, name: string): readonly string[] =>
    all.find(({ keeper }) => keeper === name)!.changes;
  keepers.send([...objects, container('a', '10.42.7.9', ['0.0.0.0:8080:80/tcp'])]);
  await keepers.becomes('ready', 10_000);
  for (const { keeper, changes } of (await keepers.diff()).keepers) t.same(changes, [], `${keeper} is as wanted`);
  // Nothing is written from now on, so that a difference stays to be seen.
  unlinkSync(`${bin}/iptables-restore`);
  writeFileSync(`${bin}/iptables-restore`, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  exec(host, 'iptables', ['-t', 'nat', '-F', 'CATTLE_HOSTPORTS_TCP_8064']);
  const ruleset = exec(host, 'nft', ['-s', '-a', 'list', 'ruleset']);
  const difference = await keepers.diff();
  t.match(changes(difference, 'rules')[0], '*nat');
  t.match(changes(difference, 'rules')[2], /-A CATTLE_HOSTPORTS_TCP_8064 .*--to-destination 10\.42\.7\.9:80/);
  t.equal(exec(host, 'nft', ['-s', '-a', 'list', 'ruleset']), ruleset);
});
