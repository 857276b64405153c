// Held requests. Those that wait for the same thing form a group, which is looked up again when something on its way to that
// thing changed; an unrelated change costs nothing and wakes nobody.
// Every wait has its own timer, and there is a bound on waits in all and for each address.
import type { Ip } from '../shared/model/ip.ts';
import { fromOf, type Trees, type ValueTarget } from './answer.ts';
import type { Catalog } from './catalog.ts';
import { Dependents, ownerOf, Reads } from './dependents.ts';
import { first } from './first.ts';
import { hasNews, type PollRequest } from './poll-request.ts';
import type { TreeValue } from './tree-values.ts';

export const pollLimits = { total: 12_000, perAddress: 64 } as const;
/** Answers written in one turn of the loop: 5 to 6 ms. */
const sliceAnswers = 150;

export interface PollOptions {
  readonly catalog: Catalog;
  readonly trees: Trees;
  readonly limits?: { readonly total: number; readonly perAddress: number };
}

export interface PollClient {
  /** Who is connected; waits are counted by it. */
  readonly peer: Ip;
  /** Whose `self` is looked at. */
  readonly caller: Ip | undefined;
  /** Something is new, or the time is up: answer with what there is. */
  readonly wake: () => void;
}

interface Wait {
  readonly group: Group;
  readonly client: PollClient;
  readonly value: string;
  timer: NodeJS.Timeout | undefined;
}

interface Group {
  readonly name: string;
  readonly target: ValueTarget;
  readonly caller: Ip | undefined;
  readonly waits: Set<Wait>;
}

export class LongPolls {
  refused = 0;
  /** Waits that were answered for news. */
  woken = 0;
  /** Groups looked up because something changed. */
  looked = 0;
  readonly #options: PollOptions;
  readonly #groups = new Map<string, Group>();
  readonly #dependents = new Dependents<Group>();
  readonly #perPeer = new Map<Ip, number>();
  readonly #limits: { readonly total: number; readonly perAddress: number };
  #total = 0;
  readonly #due = new Set<Wait>();
  #draining = false;

  constructor(options: PollOptions) {
    this.#options = options;
    this.#limits = options.limits ?? pollLimits;
  }

  get size(): number {
    return this.#total;
  }

  /** Holds the request if there is nothing new and room to wait; returns how to give up, or undefined: answer at once. */
  hold(poll: PollRequest, client: PollClient): (() => void) | undefined {
    const { trees } = this.#options;
    if (!trees.knows(poll.target.version)) return undefined;
    // Only below `self` does the answer depend on who asks.
    const isOwn = poll.target.steps[0]?.toLowerCase() === 'self' || fromOf(trees, client.caller) !== undefined;
    const caller = isOwn ? client.caller : undefined;
    const reads = new Reads();
    if (hasNews(this.#find(poll.target, caller, reads), poll.value)) return undefined;
    const held = this.#perPeer.get(client.peer) ?? 0;
    if (this.#total >= this.#limits.total || held >= this.#limits.perAddress) {
      this.refused += 1;
      return undefined;
    }
    this.#total += 1;
    this.#perPeer.set(client.peer, held + 1);
    const wait: Wait = {
      group: this.#groupOf(poll.target, caller, reads),
      client,
      value: poll.value,
      timer: undefined,
    };
    wait.group.waits.add(wait);
    wait.timer = setTimeout(() => this.#finish(wait), poll.maxWaitMs);
    return () => this.#forget(wait);
  }

  /** What bears these names has changed: whoever sees something else than before is answered. */
  touched(names: ReadonlySet<string>): void {
    for (const group of this.#dependents.touched(names)) {
      const reads = new Reads();
      const value = this.#find(group.target, group.caller, reads);
      this.#dependents.set(group, reads.names);
      this.looked += 1;
      for (const wait of group.waits) if (hasNews(value, wait.value)) this.#due.add(wait);
    }
    if (!this.#draining && this.#due.size > 0) this.#drain();
  }

  /** Answers everybody with what there is. */
  close(): void {
    for (const group of [...this.#groups.values()]) for (const wait of [...group.waits]) this.#finish(wait);
  }

  #drain(): void {
    for (const wait of first(this.#due, sliceAnswers)) {
      this.woken += 1;
      this.#finish(wait);
    }
    this.#draining = this.#due.size > 0;
    if (this.#draining) setImmediate(() => this.#drain());
  }

  #finish(wait: Wait): void {
    if (this.#forget(wait)) wait.client.wake();
  }

  #forget(wait: Wait): boolean {
    clearTimeout(wait.timer);
    this.#due.delete(wait);
    if (!wait.group.waits.delete(wait)) return false;
    if (wait.group.waits.size === 0) {
      this.#groups.delete(wait.group.name);
      this.#dependents.delete(wait.group);
    }
    const { peer } = wait.client;
    const left = (this.#perPeer.get(peer) ?? 1) - 1;
    if (left > 0) this.#perPeer.set(peer, left);
    else this.#perPeer.delete(peer);
    this.#total -= 1;
    return true;
  }

  #find(target: ValueTarget, caller: Ip | undefined, reads: Reads): TreeValue | undefined {
    const { trees, catalog } = this.#options;
    if (caller !== undefined) reads.note(ownerOf(caller), 'container');
    return trees.noting(reads, () =>
      trees.find(target, caller === undefined ? undefined : catalog.containerAt(caller), fromOf(trees, caller)),
    );
  }

  #groupOf(target: ValueTarget, caller: Ip | undefined, reads: Reads): Group {
    const name = JSON.stringify([target.version, caller === undefined ? null : ownerOf(caller), target.steps]);
    const known = this.#groups.get(name);
    if (known) return known;
    const made: Group = { name, target, caller, waits: new Set() };
    this.#groups.set(name, made);
    this.#dependents.set(made, reads.names);
    return made;
  }
}
