import t from 'tap';
import { additionsOnly } from '../../../../daemons/network-manager/rules/additions.ts';
import { isOwnChain } from '../../../../daemons/network-manager/rules/family-rules.ts';
import { hooks } from '../../../../daemons/shared/model/hooks.ts';
import { type Chain, markRule, planRules, type WantRules } from '../../../../daemons/shared/reconcile/iptables-plan.ts';
import { parseSave } from '../../../../daemons/shared/reconcile/iptables-save.ts';

const input = (...rules: string[]): Chain => ({ table: 'filter', chain: 'CATTLE_INPUT', rules });
const forward = (...rules: string[]): Chain => ({ table: 'filter', chain: 'CATTLE_FORWARD', rules });
const wish = (...chains: Chain[]): WantRules => ({ chains, hooks, owner: 'network-manager', owns: isOwnChain });

/** What a host has after the chains were applied, and rules of others. */
function saved(chains: readonly Chain[], others: readonly string[] = []): ReturnType<typeof parseSave> {
  const lines = ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]'];
  for (const { chain } of chains) lines.push(`:${chain} - [0:0]`);
  for (const { chain } of chains) {
    const hook = hooks.find((one) => one.chain === chain)!;
    lines.push(`-A ${hook.builtin} ${markRule(`-j ${chain}`)}`);
  }
  for (const { chain, rules } of chains) lines.push(...rules.map((rule) => `-A ${chain} ${markRule(rule)}`));
  return parseSave([...lines, ...others, 'COMMIT'].join('\n'));
}

const payload = (want: WantRules, have: ReturnType<typeof parseSave>): string =>
  planRules(additionsOnly(want, have), have).payload;

t.test('from a stale snapshot rules are added, never removed', async (t) => {
  const a = '-s 10.42.0.0/16 -j ACCEPT';
  const b = '-s 10.50.0.0/16 -j ACCEPT';
  t.match(payload(wish(input(a)), saved([])), '-A CATTLE_INPUT -s 10.42.0.0/16', 'a missing chain is made');
  t.match(payload(wish(input(a, b)), saved([input(a)])), '10.50.0.0/16', 'a missing rule is added');
  t.equal(payload(wish(input(a)), saved([input(a, b)])), '', 'a rule that is not wanted now stays');
  t.equal(payload(wish(input(a), forward()), saved([input(a, b), forward()])), '', 'its hook too');
  const mixed = payload(wish(input(a), forward(a, b)), saved([input(a, b), forward(a)]));
  t.match(mixed, '-A CATTLE_FORWARD -s 10.50.0.0/16', 'while another chain grows');
  t.notMatch(mixed, 'CATTLE_INPUT', 'beside it');
  const intruder = saved([input(a)], ['-A CATTLE_INPUT -j ACCEPT']);
  t.match(
    payload(wish(input(a)), intruder),
    ':CATTLE_INPUT',
    'what others put into our chain is no rule of ours to keep',
  );
  t.equal(payload(wish(), saved([input(a)])), '', 'a chain that is not wanted now stays');
});

t.test('which chains are ours', async (t) => {
  t.ok(isOwnChain('CATTLE_FORWARD'));
  t.notOk(isOwnChain('CATTLE_OVERLAY_FORWARD'));
  t.notOk(isOwnChain('DOCKER'));
});
