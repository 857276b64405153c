import t, { type Test } from 'tap';
import type { OverlayDriver } from '../../../../daemons/overlay/driver.ts';
import { RulesKeeper } from '../../../../daemons/overlay/rules/keep-rules.ts';
import type { DaemonContext } from '../../../../daemons/shared/daemon/life.ts';
import type { Ipsets } from '../../../../daemons/shared/effects/netlink/ipset.ts';
import type { Ip } from '../../../../daemons/shared/effects/netlink.ts';
import { type FakeTables, fakeTables } from '../../../fakes/iptables-kernel.ts';
import { cluster } from '../../../fixtures/overlay-objects.ts';
import { ip, wishOf } from '../support.ts';

interface Sets extends Ipsets {
  readonly held: Map<string, Set<Ip>>;
  listings: number;
}

function fakeSets(): Sets {
  const held = new Map<string, Set<Ip>>();
  const sets: Sets = {
    held,
    listings: 0,
    has: async (name) => held.has(name),
    ensureSet: async (name) => void held.set(name, new Set()),
    async members(name) {
      sets.listings += 1;
      return [...held.get(name)!];
    },
    add: async (name, address) => void held.get(name)!.add(address),
    remove: async (name, address) => void held.get(name)!.delete(address),
    destroy: async (name) => void held.delete(name),
    close: () => undefined,
  };
  return sets;
}

interface Bed {
  readonly keeper: RulesKeeper;
  readonly sets: Sets;
  readonly v4: FakeTables;
  /** Resolves after so many passes. */
  passes(count: number): Promise<void>;
}

function makeBed(t: Test, kernel = { v4: fakeTables(4), v6: fakeTables(6), sets: fakeSets() }): Bed {
  const { v4, v6, sets } = kernel;
  let passed = 0;
  const waiting: { count: number; go: () => void }[] = [];
  const silent = (): void => undefined;
  const context = {
    log: { info: silent, warn: silent } as unknown as DaemonContext['log'],
    health: { set: silent } as unknown as DaemonContext['health'],
  };
  const keeper = new RulesKeeper({
    context,
    drivers: [{ name: 'vxlan', devices: () => ['vtep1042'] } as unknown as OverlayDriver],
    iptables: { 4: v4, 6: v6 },
    sets,
    metrics: {
      pass() {
        passed += 1;
        for (const { count, go } of waiting) if (passed >= count) go();
      },
      wrote: silent,
      healed: silent,
      failed: () => t.fail('a pass failed'),
    },
    hasNotices: () => true,
  });
  t.teardown(() => keeper.close());
  const passes = (count: number): Promise<void> =>
    passed >= count ? Promise.resolve() : new Promise((go) => void waiting.push({ count, go }));
  return { keeper, sets, v4, passes };
}

t.test('a peer more is an address more in the set: no listing, and no rule written', async (t) => {
  const { keeper, sets, v4, passes } = makeBed(t);
  keeper.want(wishOf(cluster(3)));
  await passes(1);
  keeper.want(wishOf(cluster(3)));
  await passes(2); // built-in chains were changed, so the rules are read once more
  const before = { saves: v4.saves, restores: v4.restores, listings: sets.listings };
  keeper.want(wishOf(cluster(4)));
  await passes(3);
  t.ok(sets.held.get('corral-peers4')?.has(ip('192.168.50.14')));
  t.same({ saves: v4.saves, restores: v4.restores, listings: sets.listings }, before);
});

t.test('rules that somebody removes while they are read are put back', async (t) => {
  const kernel = { v4: fakeTables(4), v6: fakeTables(6), sets: fakeSets() };
  const former = makeBed(t, kernel);
  former.keeper.want(wishOf(cluster(3)));
  await former.passes(1);
  await former.keeper.close();
  const input = kernel.v4.tables.get('filter')!;
  t.match(input.get('INPUT')?.[0], /CATTLE_OVERLAY_INPUT/);
  const { keeper, passes } = makeBed(t, kernel);
  let listings = 0;
  kernel.v4.whileSaving = () => {
    listings += 1;
    if (listings < 3) return;
    // The table was read, and is another one before the pass has ended.
    kernel.v4.whileSaving = () => undefined;
    input.set('INPUT', []);
    keeper.onRulesChanged();
  };
  keeper.want(wishOf(cluster(3)));
  await passes(2);
  t.match(input.get('INPUT')?.[0], /CATTLE_OVERLAY_INPUT/);
});
