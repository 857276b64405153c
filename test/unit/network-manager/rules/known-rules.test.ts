import t from 'tap';
import { KnownRules } from '../../../../daemons/network-manager/rules/known-rules.ts';
import { hooks } from '../../../../daemons/shared/model/hooks.ts';
import { planRules, type WantRules } from '../../../../daemons/shared/reconcile/iptables-plan.ts';

const want = (...rules: string[]): WantRules => ({
  chains: [{ table: 'nat', chain: 'CATTLE_HOSTPORTS', rules }],
  hooks,
  owner: 'network-manager',
  owns: (name) => name.startsWith('CATTLE_'),
});

/** A host that counts how often it is read, and prints what it was given. */
function fakeHost(): {
  host: { save(): Promise<string>; restore(payload: string): Promise<void> };
  reads(): number;
  fail(): void;
  listing: string;
} {
  let reads = 0;
  let broken = false;
  const state = {
    listing: '*nat\n:CATTLE_HOSTPORTS - [0:0]\nCOMMIT\n',
    reads: () => reads,
    fail: () => {
      broken = true;
    },
    host: {
      async save() {
        reads += 1;
        return `# Generated at ${reads}\n${state.listing.replace('[0:0]', `[${reads}:${reads}]`)}`;
      },
      async restore(payload: string) {
        if (broken) throw new Error('refused');
        state.listing = payload;
      },
    },
  };
  return state;
}

t.test('one reading serves until somebody else may have written', async (t) => {
  const { host, reads } = fakeHost();
  const known = new KnownRules(host, () => false);
  const first = await known.read();
  t.equal(await known.read(), first);
  t.equal(reads(), 1);
  known.doubt();
  t.equal(await known.read(), first, 'an equal listing is the same state, whatever its counters');
  t.equal(reads(), 2);
});

t.test('what it wrote itself it knows', async (t) => {
  const { host, reads } = fakeHost();
  const known = new KnownRules(host, () => false);
  await known.write(planRules(want('-j ACCEPT'), await known.read()));
  t.equal(planRules(want('-j ACCEPT'), await known.read()).payload, '');
  t.match(planRules(want('-j DROP'), await known.read()).changed, ['nat CATTLE_HOSTPORTS']);
  t.equal(reads(), 1);
  known.doubt();
  t.equal(planRules(want('-j ACCEPT'), await known.read()).payload, '', 'and reads the same');
});

t.test('after a failed write it knows nothing', async (t) => {
  const { host, reads, fail } = fakeHost();
  const known = new KnownRules(host, () => false);
  const plan = planRules(want('-j ACCEPT'), await known.read());
  fail();
  await t.rejects(known.write(plan), { message: 'refused' });
  await known.read();
  t.equal(reads(), 2);
});

t.test('it looks again by itself later if that costs more or somebody else tells', async (t) => {
  const fake = fakeHost();
  let notices = true;
  const known = new KnownRules(fake.host, () => notices);
  await known.read();
  t.equal(known.lookAgainMs, 30_000);
  notices = false;
  t.equal(known.lookAgainMs, 8_000);
  const rules = (count: number): string => '-A CATTLE_HOSTPORTS -j ACCEPT\n'.repeat(count);
  for (const [count, ms] of [
    [20_000, 24_000],
    [200_000, 60_000],
  ] as const) {
    fake.listing = `*nat\n:CATTLE_HOSTPORTS - [0:0]\n${rules(count)}COMMIT\n`;
    known.doubt();
    await known.read();
    t.ok(Math.abs(known.lookAgainMs - ms) < 200, `${known.lookAgainMs} ms for ${count} rules`);
  }
});
