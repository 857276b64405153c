// What the keeper of closed networks does and says with a kernel that lacks or refuses something.
import t from 'tap';
import { BlockKeeper } from '../../../../daemons/overlay/block/keep-blocks.ts';
import type { OverlayDriver } from '../../../../daemons/overlay/driver.ts';
import type { WantPolicy, Xfrm, XfrmPolicy } from '../../../../daemons/shared/effects/netlink/xfrm.ts';
import type { KnownRule, Link, RouteRule } from '../../../../daemons/shared/effects/netlink.ts';
import { type ErrorCode, SuiteError } from '../../../../daemons/shared/model/errors.ts';
import { blockObject, hostObject, networkObject } from '../../../fixtures/overlay-objects.ts';
import { ipsecWish } from '../ipsec/support.ts';
import { factsOf } from '../support.ts';

const secret = networkObject('corral', { driver: 'ipsec', subnet6: 'fd42::/48' });
const objects = [1, 2].flatMap((number) => [
  hostObject(number),
  blockObject(number, undefined, { cidr6: `fd42:0:0:${number}::/64` }),
]);
const wish = ipsecWish([secret, ...objects]);
const open = ipsecWish([networkObject('corral'), ...objects]);

/** A kernel with a bridge and, once it is made, an XFRM interface; names of devices are not those of any here. */
function kernel(fails: { policies?: ErrorCode; rules?: ErrorCode } = {}) {
  const links = new Map([['corral0', 7]]);
  let policies: XfrmPolicy[] = [];
  let rules: KnownRule[] = [];
  const told: Record<string, unknown> = {};
  const fail = (code: ErrorCode | undefined): void => {
    if (code) throw new SuiteError(code, 'it cannot');
  };
  const xfrm: Xfrm = {
    async policies() {
      fail(fails.policies);
      return policies;
    },
    async setPolicy(policy: WantPolicy) {
      policies.push({ ...policy, index: policies.length });
    },
    async dropPolicy(policy) {
      policies = policies.filter((one) => one !== policy);
    },
    hasEsp: async () => true,
    close: () => undefined,
  };
  const keeper = new BlockKeeper({
    context: {
      health: {
        set: (name: string, state: unknown) => void Object.assign(told, { [name]: state }),
        drop: (name: string) => void delete told[name],
      } as never,
    },
    xfrm,
    netlink: {
      getLink: async (name) => (links.has(String(name)) ? ({ index: links.get(String(name)) } as Link) : undefined),
      listRules: async () => rules,
      async addRule(rule: RouteRule) {
        fail(fails.rules);
        rules.push({ ...rule, protocol: 143 });
      },
      async dropRule(rule) {
        rules = rules.filter(({ priority }) => priority !== rule.priority);
      },
    },
    drivers: [{ name: 'ipsec', devices: () => ['no-such-tunnel'] } as unknown as OverlayDriver],
    has6: () => true,
  });
  const counts = (): number[] => [policies.length, rules.length];
  return { keeper, links, counts, told: () => told['overlay-block'] };
}

t.test('it closes, closes a new device, writes nothing twice, and opens when nothing is secret', async (t) => {
  const { keeper, links, counts, told } = kernel();
  const facts = factsOf(wish);
  t.equal((await keeper.diff(wish, facts)).filter((line) => line.startsWith('block')).length, 5);
  t.same(counts(), [0, 0], 'to compare changes nothing');
  const { writes, failed } = await keeper.keep(wish, facts, false);
  t.same([writes, failed], [10, []]);
  t.same(counts(), [8, 2]);
  t.match(told(), { ok: true, text: 'nothing of 1 secret network passes in the clear' });
  links.set('no-such-tunnel', 9);
  t.match((await keeper.keep(wish, facts, true)).done, [
    /^let pass .*device 9/,
    /^let pass fd42:0:0:1::1\/128 to fd42::\/48/,
  ]);
  t.equal((await keeper.keep(wish, facts, true)).writes, 0);
  t.same(await keeper.diff(wish, facts), []);
  await keeper.keep(open, facts, false);
  t.same(counts(), [10, 2], 'nothing is opened on a doubtful word');
  await keeper.keep(open, facts, true);
  t.same([...counts(), told()], [0, 0, undefined]);
});

t.test('a kernel that lacks one part keeps the other, and it is told', async (t) => {
  const facts = factsOf(wish);
  const noXfrm = kernel({ policies: 'KERNEL_LACKS' });
  t.same((await noXfrm.keeper.keep(wish, facts, true)).failed, []);
  t.same(noXfrm.counts(), [0, 2]);
  t.match(noXfrm.told(), { ok: false, degradesOnly: true, code: 'KERNEL_LACKS', text: /routes and rules/ });
  t.same(await noXfrm.keeper.diff(wish, facts), []);
  const noRules = kernel({ rules: 'KERNEL_LACKS' });
  t.same((await noRules.keeper.keep(wish, facts, true)).failed, []);
  t.same(noRules.counts(), [8, 0]);
  t.match(noRules.told(), { ok: false, degradesOnly: true, code: 'KERNEL_LACKS' });
});

t.test('what the kernel refuses is a failure: nothing secret may be connected then', async (t) => {
  const { keeper, told } = kernel({ policies: 'NETLINK_REFUSED' });
  t.match((await keeper.keep(wish, factsOf(wish), true)).failed, [{ error: { code: 'NETLINK_REFUSED' } }]);
  t.match(told(), { ok: false, code: 'NETLINK_REFUSED' });
});
