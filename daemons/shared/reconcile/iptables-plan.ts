// Pure: what to give to `iptables-restore --noflush` so that the chains of one writer, and the jumps to them, are as wanted.
//
// Rules are compared by id and order, never by text: iptables prints a rule otherwise than it was given. An id is a hash
// of the text that we wanted, so a wanted rule that changed has another id. Only chains that differ are rewritten; equal
// state gives no payload at all. A restore is applied whole or not at all, so a jump that somebody removed between the
// listing and the restore makes it fail harmlessly, and the next pass looks again.
import { createHash } from 'node:crypto';
import { SuiteError } from '../model/errors.ts';
import type { Hook, Table } from '../model/hooks.ts';
import { type SavedRule, type SavedTable, type SavedTables, targetOf } from './iptables-save.ts';

export interface Chain {
  readonly table: Table;
  readonly chain: string;
  /** In the syntax of iptables-restore, without `-A CHAIN` and without an id. */
  readonly rules: readonly string[];
}

export interface WantRules {
  readonly chains: readonly Chain[];
  /** The table of all writers' hooks; those of others only decide where ours stand. */
  readonly hooks: readonly Hook[];
  readonly owner: Hook['owner'];
  /** Chains that are made if they are missing and otherwise left alone: others fill them. */
  readonly left?: readonly Pick<Chain, 'table' | 'chain'>[];
  /** True for the names of this writer's chains: those that are not wanted any more are removed. */
  readonly owns: (chain: string) => boolean;
}

export interface RulesPlan {
  /** For `iptables-restore --noflush`; empty if there is nothing to do. */
  readonly payload: string;
  /** What it changes, for the log: `nat CATTLE_PREROUTING`, `filter FORWARD`. */
  readonly changed: readonly string[];
  /** What a listing will show once the payload is written; undefined if only a listing can tell (built-in chains change). */
  readonly after: SavedTables | undefined;
}

/** The rule with its id as a comment. @throws SuiteError INTERNAL if it would become two lines of the payload. */
export function markRule(rule: string): string {
  return markOf(rule).marked;
}

/** Brings everything of `want.owner` into the wanted state. */
export function planRules(want: WantRules, have: SavedTables): RulesPlan {
  return finish(planRulesInSlices(want, have));
}

/** The same for a loop that has other work too: may be left after each chain. */
export function* planRulesInSlices(want: WantRules, have: SavedTables): Generator<undefined, RulesPlan> {
  const names = new Set<string>([...want.chains, ...want.hooks].map(({ table }) => table));
  const plans: TablePlan[] = [];
  for (const table of names) plans.push(yield* planTable(table, want, have.get(table) ?? new Map()));
  return joinPlans(plans, have);
}

/** Removes the hooks and all chains of `owner`, whatever they hold. */
export function planRemoval(want: Omit<WantRules, 'chains'>, have: SavedTables): RulesPlan {
  return joinPlans(
    [...have].map(([table, saved]) => finish(planTable(table, { ...want, chains: [], left: [] }, saved))),
    have,
  );
}

interface TablePlan {
  readonly table: string;
  readonly lines: readonly string[];
  readonly changed: readonly string[];
  readonly after: SavedTable | undefined;
}

function joinPlans(plans: readonly TablePlan[], have: SavedTables): RulesPlan {
  const busy = plans.filter((plan) => plan.lines.length > 0);
  const after = new Map(have);
  for (const plan of busy) if (plan.after) after.set(plan.table, plan.after);
  return {
    payload: busy.map((plan) => `*${plan.table}\n${plan.lines.join('\n')}\nCOMMIT\n`).join(''),
    changed: busy.flatMap((plan) => plan.changed.map((name) => `${plan.table} ${name}`)),
    after: busy.every((plan) => plan.after) ? after : undefined,
  };
}

function finish<Result>(work: Generator<undefined, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

function* planTable(table: string, want: WantRules, have: SavedTable): Generator<undefined, TablePlan> {
  const chains = want.chains.filter((chain) => chain.table === table);
  const wanted = new Set(chains.map(({ chain }) => chain));
  const differing = chains.filter(({ chain, rules }) => !sameBody(rules, have.get(chain)));
  const left = new Set((want.left ?? []).filter((one) => one.table === table).map(({ chain }) => chain));
  const made = [...left].filter((name) => !have.has(name));
  const stale = [...have.keys()].filter((name) => want.owns(name) && !wanted.has(name) && !left.has(name));
  const hooks = planHooks(table, want, wanted, have);
  const kept = stale.filter((name) => isUsedByOthers(name, want, have));
  const removed = stale.filter((name) => !kept.includes(name));
  const flushed = kept.filter((name) => have.get(name)!.length > 0);
  const emptied = [...flushed, ...made];
  const bodies: string[] = [];
  const after = hooks.length > 0 ? undefined : tableAfter(have, emptied, removed);
  for (const { chain, rules } of differing) {
    if (rules.length > 0) bodies.push(rules.map((rule) => `-A ${chain} ${markRule(rule)}`).join('\n'));
    if (after) noteBody(after, chain, rules);
    yield;
  }
  return {
    table,
    lines: [
      // Fails if somebody else has made the chain meanwhile, where a line with a colon would empty it.
      ...made.map((name) => `-N ${name}`),
      // To name a chain here creates it, or empties it if it is there.
      ...[...differing.map(({ chain }) => chain), ...flushed, ...removed].map((name) => `:${name} - [0:0]`),
      ...bodies,
      ...hooks.flatMap(({ lines }) => lines),
      ...removed.map((name) => `-X ${name}`),
    ],
    changed: [
      ...[...differing.map(({ chain }) => chain), ...emptied, ...removed],
      ...hooks.map(({ builtin }) => builtin),
    ],
    after,
  };
}

function tableAfter(have: SavedTable, emptied: readonly string[], removed: readonly string[]): MadeTable {
  const after = new Map(have);
  for (const name of emptied) after.set(name, []);
  for (const name of removed) after.delete(name);
  return after;
}

type MadeTable = Map<string, readonly SavedRule[]>;

function noteBody(after: MadeTable, chain: string, rules: readonly string[]): void {
  const saved = rules.map((rule) => ({ text: markRule(rule), id: idOf(rule) }));
  equals.set(saved, rules);
  after.set(chain, saved);
}

/** Bodies that were found equal, and neither of the two ever changes. */
const equals = new WeakMap<readonly SavedRule[], readonly string[]>();

/** Compares ids in their order; that two arrays are equal is remembered. */
export function sameBody(rules: readonly string[], have: readonly SavedRule[] | undefined): boolean {
  if (have === undefined || have.length !== rules.length) return false;
  if (equals.get(have) === rules) return true;
  const same = rules.every((rule, at) => have[at]!.id === idOf(rule));
  if (same) equals.set(have, rules);
  return same;
}

/** A chain to which somebody else's chain jumps cannot be removed, only emptied. */
function isUsedByOthers(name: string, want: WantRules, have: SavedTable): boolean {
  for (const [chain, rules] of have) {
    if (want.owns(chain) || builtins.has(chain)) continue; // jumps from built-in chains go with the hooks
    if (rules.some((rule) => targetOf(rule) === name)) return true;
  }
  return false;
}

const builtins: ReadonlySet<string> = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);

interface HookPlan {
  readonly builtin: string;
  readonly lines: readonly string[];
}

/**
 * Our jumps stand in front of all foreign rules, once each, in the order of the table of hooks. A jump from a built-in
 * chain to a chain of ours is ours even without an id: the programs that Corral replaces left some.
 */
function planHooks(table: string, want: WantRules, wanted: ReadonlySet<string>, have: SavedTable): HookPlan[] {
  const here = want.hooks.filter((hook) => hook.table === table);
  const plans: HookPlan[] = [];
  for (const builtin of builtins) {
    const rules = have.get(builtin) ?? [];
    const order = here.filter((hook) => hook.builtin === builtin).map((hook) => ({ hook, text: jumpOf(hook) }));
    const ours = order.filter(({ hook }) => hook.owner === want.owner && wanted.has(hook.chain));
    const rank = new Map(order.map(({ text }, at) => [idOf(text), at]));
    const isOurs = (rule: SavedRule): boolean => want.owns(targetOf(rule) ?? '');
    if (
      inPlace(
        ours.map(({ text }) => idOf(text)),
        rules,
        isOurs,
        rank,
      )
    )
      continue;
    const rest = rules.filter((rule) => !isOurs(rule)).map((rule) => rule.id);
    const lines = rules.filter(isOurs).map((rule) => `-D ${builtin} ${rule.text}`);
    for (const { text } of ours) {
      const at = placeFor(idOf(text), rest, rank);
      rest.splice(at, 0, idOf(text));
      lines.push(`-I ${builtin} ${at + 1} ${markRule(text)}`);
    }
    if (lines.length > 0) plans.push({ builtin, lines });
  }
  return plans;
}

function inPlace(
  want: readonly string[],
  have: readonly SavedRule[],
  isOurs: (rule: SavedRule) => boolean,
  rank: ReadonlyMap<string, number>,
): boolean {
  const actual = have.filter(isOurs).map((rule) => rule.id);
  if (actual.length !== want.length || actual.some((id, at) => id !== want[at])) return false;
  const ids = have.map((rule) => rule.id);
  return want.every((id) => placeFor(id, ids, rank) === ids.indexOf(id));
}

/** Behind the leading rules that the table of hooks puts before this one. */
function placeFor(id: string, ids: readonly (string | undefined)[], rank: ReadonlyMap<string, number>): number {
  const own = rank.get(id) ?? 0;
  const at = ids.findIndex((other) => other === undefined || (rank.get(other) ?? Number.POSITIVE_INFINITY) >= own);
  return at < 0 ? ids.length : at;
}

function jumpOf(hook: Hook): string {
  return [...hook.match, '-j', hook.chain].join(' ');
}

interface Mark {
  readonly id: string;
  readonly marked: string;
}

/** Asked for again and again at each pass, and the rules of a host hardly change. */
const marks = new Map<string, Mark>();
const MOST_MARKS = 50_000;

function markOf(rule: string): Mark {
  const known = marks.get(rule);
  if (known !== undefined) return known;
  if (/[\r\n]/.test(rule)) throw new SuiteError('INTERNAL', `write a rule of several lines: ${JSON.stringify(rule)}`);
  const id = createHash('sha256').update(rule).digest('hex').slice(0, 16);
  const mark = { id, marked: `${rule} -m comment --comment "corral:${id}"` };
  if (marks.size >= MOST_MARKS) marks.clear();
  marks.set(rule, mark);
  return mark;
}

/** The id under which a rule is read back. */
export function idOf(rule: string): string {
  return markOf(rule).id;
}
