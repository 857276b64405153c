import t from 'tap';
import { type Run, run } from '../../../daemons/shared/effects/command.ts';
import { type Iptables, openIptables } from '../../../daemons/shared/effects/iptables.ts';
import { type Hook, hooksOf } from '../../../daemons/shared/model/hooks.ts';
import { type Chain, planRemoval, planRules, type WantRules } from '../../../daemons/shared/reconcile/iptables-plan.ts';
import { parseSave, type SavedTables } from '../../../daemons/shared/reconcile/iptables-save.ts';
import { exec, isRoot, makeNamespace, type Namespace } from '../support/namespaces.ts';

if (!isRoot) {
  t.plan(0, 'needs root');
  process.exit(0);
}

const owns = (name: string): boolean => name.startsWith('CATTLE_');
const overlayHook: Hook = {
  table: 'filter',
  builtin: 'FORWARD',
  match: ['-i', 'vtep1042'],
  chain: 'CATTLE_OVERLAY_FORWARD',
  owner: 'overlay',
};
const hooks: readonly Hook[] = [
  ...hooksOf('network-manager'),
  { table: 'filter', builtin: 'FORWARD', match: [], chain: 'CATTLE_POLICY', owner: 'network-manager' },
];
const ports = Array.from({ length: 200 }, (_, n) => 20_000 + n);
const chains: readonly Chain[] = [
  {
    table: 'raw',
    chain: 'CATTLE_RAW_PREROUTING',
    rules: ['-d 169.254.169.250/32 -p udp -m udp --dport 53 -j CT --notrack'],
  },
  { table: 'raw', chain: 'CATTLE_RAW_OUTPUT', rules: [] },
  {
    table: 'nat',
    chain: 'CATTLE_NAT_POSTROUTING',
    rules: ['-d 10.42.0.0/16 -j RETURN', '-s 10.42.0.0/16 ! -o corral0 -j MASQUERADE'],
  },
  {
    table: 'nat',
    chain: 'CATTLE_BUCKET_1',
    rules: ports.map((port) => `-p tcp -m tcp --dport ${port} -j DNAT --to-destination 10.42.0.2:80`),
  },
  { table: 'filter', chain: 'CATTLE_INPUT', rules: ['-i corral0 -p tcp -m multiport --dports 53,80 -j ACCEPT'] },
  {
    table: 'filter',
    chain: 'CATTLE_FORWARD',
    rules: ['-i corral0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-j CATTLE_POLICY'],
  },
  { table: 'filter', chain: 'CATTLE_FILTER_OUTPUT', rules: ['-m comment --comment "somebody\'s own words" -j ACCEPT'] },
  { table: 'filter', chain: 'CATTLE_POLICY', rules: ['-s 10.42.0.9/32 -j DROP'] },
];
const want: WantRules = {
  chains,
  hooks,
  owner: 'network-manager',
  owns: (name) => owns(name) && !name.startsWith('CATTLE_OVERLAY_'),
};

/** Runs the programs inside the namespace, those of one backend. */
function inside(ns: Namespace, backend: 'nft' | 'legacy'): Run {
  return (command, args, options) =>
    run('ip', ['netns', 'exec', ns.name, command.replace('tables', `tables-${backend}`), ...args], options);
}

async function observe(tables: Iptables): Promise<SavedTables> {
  const texts = await Promise.all((['raw', 'nat', 'filter'] as const).map((table) => tables.save(table)));
  return parseSave(texts.join(''));
}

for (const backend of ['nft', 'legacy'] as const) {
  t.test(`${backend}: rules are made, kept, healed and removed`, async (t) => {
    const ns = makeNamespace(t, backend);
    const tables = openIptables(4, inside(ns, backend));
    const iptables = (...args: string[]): string => exec(ns, `iptables-${backend}`, args);
    const apply = async (wanted: WantRules = want): Promise<readonly string[]> => {
      const plan = planRules(wanted, await observe(tables));
      if (plan.payload) await tables.restore(plan.payload);
      return plan.changed;
    };
    const forward = (): string[] => iptables('-S', 'FORWARD').trim().split('\n').slice(1);

    t.match(await tables.describe(), { version: /^1\./, backend });
    iptables('-N', 'FOREIGN');
    iptables('-A', 'FOREIGN', '-s', '192.0.2.0/24', '-j', 'DROP');
    iptables('-A', 'FORWARD', '-j', 'FOREIGN');

    t.not((await apply()).length, 0);
    t.same(await apply(), [], 'a second time nothing is written');
    t.equal(forward().length, 3);
    t.match(forward()[0], /-j CATTLE_FORWARD/);
    t.match(forward()[1], /-j CATTLE_POLICY/);
    t.match(forward()[2], /-j FOREIGN/);
    t.equal(iptables('-t', 'nat', '-S', 'CATTLE_BUCKET_1').trim().split('\n').length, 201);

    iptables('-t', 'nat', '-F', 'CATTLE_BUCKET_1');
    t.same(await apply(), ['nat CATTLE_BUCKET_1'], 'a flushed chain is healed, and only that');
    iptables('-I', 'FORWARD', '1', '-j', 'DROP');
    t.same(await apply(), ['filter FORWARD'], 'a foreign rule on top');
    t.match(forward()[0], /-j CATTLE_FORWARD/);
    t.match(forward().at(-1), /-j FOREIGN/);
    iptables('-D', 'FORWARD', '-j', 'DROP');
    iptables('-A', 'FORWARD', '-j', 'CATTLE_POLICY');
    t.same(await apply(), ['filter FORWARD'], 'a second jump');
    t.equal(forward().length, 3);
    iptables('-F');
    iptables('-t', 'nat', '-F', 'POSTROUTING');
    t.same((await apply()).toSorted(), [
      'filter CATTLE_FILTER_OUTPUT',
      'filter CATTLE_FORWARD',
      'filter CATTLE_INPUT',
      'filter CATTLE_POLICY',
      'filter FORWARD',
      'filter INPUT',
      'filter OUTPUT',
      'nat POSTROUTING',
    ]);
    iptables('-A', 'FORWARD', '-j', 'FOREIGN');
    iptables('-A', 'FOREIGN', '-s', '192.0.2.0/24', '-j', 'DROP');

    const overlay: WantRules = {
      chains: [{ table: 'filter', chain: 'CATTLE_OVERLAY_FORWARD', rules: ['-j DROP'] }],
      hooks: [overlayHook, ...hooks],
      owner: 'overlay',
      owns: (name) => name.startsWith('CATTLE_OVERLAY_'),
    };
    const both: WantRules = { ...want, hooks: overlay.hooks };
    t.same(await apply(overlay), ['filter CATTLE_OVERLAY_FORWARD', 'filter FORWARD']);
    t.same(await apply(both), [], 'two writers agree on the order');
    t.same(await apply(overlay), []);
    t.match(forward()[0], /-i vtep1042 .*-j CATTLE_OVERLAY_FORWARD|-j CATTLE_OVERLAY_FORWARD/);

    const fewer = { ...both, chains: chains.filter(({ chain }) => chain !== 'CATTLE_BUCKET_1') };
    t.same(await apply(fewer), ['nat CATTLE_BUCKET_1'], 'a chain that is not wanted goes');
    t.same(await apply(fewer), []);

    await tables.restore(planRemoval(both, await observe(tables)).payload);
    await tables.restore(planRemoval(overlay, await observe(tables)).payload);
    t.equal(planRemoval(both, await observe(tables)).payload, '');
    const left = await observe(tables);
    t.same([...left.values()].flatMap((table) => [...table.keys()]).filter(owns), []);
    t.same(
      left
        .get('filter')!
        .get('FOREIGN')!
        .map((rule) => rule.text),
      ['-s 192.0.2.0/24 -j DROP'],
    );
    t.same(forward(), ['-A FORWARD -j FOREIGN']);
  });
}

t.test('a restore that fails on one line changes nothing', async (t) => {
  const ns = makeNamespace(t, 'half');
  const tables = openIptables(4, inside(ns, 'nft'));
  const payload = '*nat\n:CATTLE_X - [0:0]\n-A CATTLE_X -j RETURN\n-A CATTLE_X -j NOWHERE_TO_BE_FOUND\nCOMMIT\n';
  await t.rejects(tables.restore(payload), { code: 'COMMAND_FAILED', message: /exit code \d/ });
  t.notOk((await observe(tables)).get('nat')?.has('CATTLE_X'));
});

t.test('IPv6 has its own programs', async (t) => {
  const ns = makeNamespace(t, 'six');
  const tables = openIptables(6, inside(ns, 'nft'));
  await tables.restore('*filter\n:CATTLE_X - [0:0]\n-A CATTLE_X -s fd00::/8 -j DROP\nCOMMIT\n');
  t.match(await tables.save('filter'), /-A CATTLE_X -s fd00::\/8 -j DROP/);
  t.same(openIptables(4).family, 4);
});

t.test('a table with rules that iptables cannot show is not taken for an empty one', async (t) => {
  const ns = makeNamespace(t, 'incompat');
  exec(
    ns,
    'nft',
    ['-f', '-'],
    'table ip nat { map m { type ipv4_addr : ipv4_addr; }; chain PREROUTING { type nat hook prerouting priority -100; meta l4proto tcp dnat to ip saddr map @m; }; }\n',
  );
  await t.rejects(openIptables(4, inside(ns, 'nft')).save('nat'), {
    code: 'COMMAND_FAILED',
    hint: 'nft list table ip nat',
  });
});

t.test('missing programs', async (t) => {
  const absent: Run = (command, args, options) => run(`${command}-absent`, args, options);
  await t.rejects(openIptables(4, absent).save('nat'), { code: 'COMMAND_MISSING', hint: /installed/ });
  const odd: Run = async () => ({ code: 0, stdout: 'what?', stderr: '' });
  await t.rejects(openIptables(4, odd).describe(), { code: 'COMMAND_FAILED' });
  const old: Run = async () => ({ code: 0, stdout: 'iptables v1.4.21\n', stderr: '' });
  t.same(await openIptables(4, old).describe(), { version: '1.4.21', backend: 'legacy' });
});
