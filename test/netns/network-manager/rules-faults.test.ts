import { existsSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { lockFile } from '../../../daemons/shared/effects/locks.ts';
import { exec, isRoot, makeNamespace, type Namespace, type TestScope, until } from '../support/namespaces.ts';
import { startKeepers } from './support/keepers.ts';
import { makeLab, objects } from './support/lab.ts';

if (!isRoot) t.plan(0, 'needs root');
t.setTimeout(120_000);

const ownRules = (ns: Namespace, save = 'iptables-save'): string[] =>
  exec(ns, save, [])
    .split('\n')
    .filter((line) => line.startsWith('-A ') && line.includes('corral:'));

/** A folder that is the whole PATH of the keepers, without any program at first. */
function makeBin(t: TestScope): string {
  const bin = mkdtempSync('/tmp/co-bin-');
  t.teardown(() => rmSync(bin, { recursive: true, force: true }));
  return bin;
}

const nft = '/usr/sbin/xtables-nft-multi';
const legacy = '/usr/sbin/xtables-legacy-multi';

function provide(bin: string, multi: string, ...names: string[]): void {
  for (const name of names) symlinkSync(multi, `${bin}/${name}`);
}

function provideScript(bin: string, name: string, body: string): void {
  writeFileSync(`${bin}/${name}`, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

t.test('iptables missing, then failing, then there', async (t) => {
  const host = makeNamespace(t, 'fm');
  const bin = makeBin(t);
  const keepers = startKeepers(t, host, { env: { PATH: bin } });
  keepers.send(objects);
  await keepers.becomes({ condition: 'rules', code: 'COMMAND_MISSING' });
  const conditions = await keepers.becomes({ condition: 'networks', code: null });
  t.notOk(conditions.find(({ name }) => name === 'rules')?.ok, 'networks are made all the same');
  provide(bin, nft, 'iptables', 'iptables-save');
  provideScript(bin, 'iptables-restore', 'echo "line 7 failed" >&2; exit 1');
  const failing = await keepers.becomes({ condition: 'rules', code: 'COMMAND_FAILED' }, 10_000);
  t.match(failing.find(({ name }) => name === 'rules')?.text, 'line 7 failed');
  t.same(ownRules(host), [], 'nothing of it');
  unlinkSync(`${bin}/iptables-restore`);
  provide(bin, nft, 'iptables-restore');
  await keepers.becomes('ready', 10_000);
  t.ok(ownRules(host).length > 10, 'recovered alone');
});

t.test('a restore that is killed half-way leaves tables whole', async (t) => {
  const host = makeNamespace(t, 'fk');
  const bin = makeBin(t);
  provide(bin, nft, 'iptables', 'iptables-save');
  // What arrives is cut in the middle of the second table, as if the writer had died.
  const cut = "/usr/bin/awk '/^\\*/ { n += 1 } n == 2 && /^-A/ { exit } { print }'";
  provideScript(bin, 'iptables-restore', `${cut} | /usr/sbin/iptables-nft-restore "$@"`);
  const keepers = startKeepers(t, host, { env: { PATH: bin } });
  keepers.send(objects);
  await until(10_000, 'a try', async () => (await keepers.count('passes', 'rules')) >= 1 && ownRules(host).length > 0);
  const partial = chainsOf(ownRules(host));
  unlinkSync(`${bin}/iptables-restore`);
  provide(bin, nft, 'iptables-restore');
  await until(10_000, 'all chains', () => ownRules(host).some((rule) => rule.includes('MASQUERADE')));
  await keepers.becomes('ready', 10_000);
  const whole = chainsOf(ownRules(host));
  t.ok(partial.size < whole.size, 'it was cut');
  for (const [chain, rules] of partial) t.same(rules, whole.get(chain), `${chain} was whole`);
});

/** Rules by chain; OUTPUT is one of several tables, and so left out. */
function chainsOf(rules: readonly string[]): Map<string, string[]> {
  const chains = new Map<string, string[]>();
  for (const rule of rules) {
    const chain = rule.split(' ')[1]!;
    if (chain !== 'OUTPUT') chains.set(chain, [...(chains.get(chain) ?? []), rule]);
  }
  return chains;
}

t.test('iptables-legacy: applied, healed, and waiting for its lock', async (t) => {
  const bin = makeBin(t);
  provide(bin, legacy, 'iptables', 'iptables-save', 'iptables-restore');
  const lock = `${bin}/xtables.lock`;
  const { host, keepers } = await makeLab(t, [['-P', 'INPUT', 'DROP']], {
    env: { PATH: bin, XTABLES_LOCKFILE: lock },
    iptables: 'iptables-legacy',
  });
  const save = 'iptables-legacy-save';
  const want = ownRules(host, save);
  t.ok(want.length > 10);
  t.same(ownRules(host), [], 'nothing in nftables');
  const held = await lockFile(lock, { waitMs: 1_000 });
  exec(host, 'env', [`XTABLES_LOCKFILE=${bin}/other.lock`, 'iptables-legacy', '-F', 'CATTLE_INPUT']);
  await keepers.becomes({ condition: 'rules', code: 'COMMAND_FAILED' }, 25_000);
  held.release();
  await keepers.becomes('ready', 15_000);
  t.same(ownRules(host, save), want);
});

t.test('the rules stand before the plugins learn of a network', async (t) => {
  const host = makeNamespace(t, 'fo');
  const bin = makeBin(t);
  const root = makeBin(t);
  provide(bin, nft, 'iptables', 'iptables-save');
  provideScript(
    bin,
    'iptables-restore',
    `[ -e ${root}/run/corral/blocks/corral.json ] && /usr/bin/touch ${bin}/early; /usr/bin/touch ${bin}/called; exec /usr/sbin/iptables-nft-restore "$@"`,
  );
  const keepers = startKeepers(t, host, { root, env: { PATH: bin } });
  keepers.send(objects);
  await keepers.becomes('ready');
  t.ok(existsSync(`${bin}/called`));
  t.notOk(existsSync(`${bin}/early`), 'no block file when they were written');
});

t.test('rules of the other backend are reported', async (t) => {
  const { host, keepers } = await makeLab(t);
  exec(host, 'iptables-legacy', ['-A', 'FORWARD', '-s', '203.0.113.7', '-j', 'DROP']);
  keepers.send(objects, false); // makes it look now
  keepers.send(objects, true);
  const text = await until(15_000, 'it is said', async () => {
    const conditions = await keepers.becomes({ condition: 'rules', code: null });
    return conditions.find(({ name, ok }) => name === 'rules-backend' && !ok)?.text;
  });
  t.match(text, 'iptables-legacy holds 1 rules of others');
  exec(host, 'iptables-legacy', ['-F', 'FORWARD']);
  keepers.send(objects, false);
  keepers.send(objects, true);
  await keepers.becomes('ready', 15_000);
});
