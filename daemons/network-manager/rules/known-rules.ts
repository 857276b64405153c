// What is in the host's tables, as far as this process knows: read once, carried along by what it writes itself, and read
// again when somebody else may have changed it. So that one more port among ten thousand does not cost a listing of them all.
import type { Iptables } from '../../shared/effects/iptables.ts';
import { inSlices } from '../../shared/reconcile/in-slices.ts';
import type { RulesPlan } from '../../shared/reconcile/iptables-plan.ts';
import { parseSaveInSlices, type SavedTables } from '../../shared/reconcile/iptables-save.ts';

/** CNI requests are served by the same loop. */
const linesAtOnce = 100;

/** Damage that nobody tells of heals within 10 s, the reading and writing included. */
const nearestLookMs = 8_000;
/** With notices of changes the regular look is for what they miss. */
const noticedLookMs = 30_000;
const farthestLookMs = 60_000;
/** Ten thousand rules are 1.5 MB and 0.2 s of work. */
const bytesPerMs = 25;

export class KnownRules {
  readonly #iptables: Pick<Iptables, 'save' | 'restore'>;
  readonly #hasNotices: () => boolean;
  #tables: SavedTables | undefined;
  /** The listing that `#tables` came from; undefined if something was written since. */
  #text: string | undefined;
  #isDoubtful = true;
  #readAt = Number.NEGATIVE_INFINITY;
  #bytes = 0;

  /** @param hasNotices whether `doubt` is called when somebody else writes */
  constructor(iptables: Pick<Iptables, 'save' | 'restore'>, hasNotices: () => boolean) {
    this.#iptables = iptables;
    this.#hasNotices = hasNotices;
  }

  /** When to look although nobody said anything: after 8 s, 30 s with notices, up to 60 s if there is much to read. */
  get lookAgainMs(): number {
    const least = this.#hasNotices() ? noticedLookMs : nearestLookMs;
    return Math.min(farthestLookMs, Math.max(least, this.#bytes / bytesPerMs));
  }

  /** Somebody else may have written: the next read asks the host. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /** @throws COMMAND_*. */
  async read(): Promise<SavedTables> {
    const isOld = performance.now() - this.#readAt >= this.lookAgainMs - 100;
    if (this.#tables && !this.#isDoubtful && !isOld) return this.#tables;
    this.#isDoubtful = false;
    try {
      return await this.#list();
    } catch (error) {
      this.#isDoubtful = true;
      throw error;
    }
  }

  /** Writes a plan that was made from what `read` returned. @throws COMMAND_*; then some tables may be written. */
  async write(plan: RulesPlan): Promise<void> {
    this.#text = undefined;
    this.#tables = undefined;
    await this.#iptables.restore(plan.payload);
    this.#tables = plan.after;
  }

  async #list(): Promise<SavedTables> {
    const text = withoutCounters(await this.#iptables.save());
    const tables = this.#tables && text === this.#text ? this.#tables : await parse(text);
    this.#tables = tables;
    this.#text = text;
    this.#readAt = performance.now();
    this.#bytes = text.length;
    return tables;
  }
}

/**
 * Dates, and counters of built-in chains, differ in each listing. They stand before a table's rules, of which there may be a
 * megabyte that need not be looked at: rules are listed without counters.
 */
function withoutCounters(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const rules = text.indexOf('\n-A ', at);
    const end = text.indexOf('\nCOMMIT\n', at);
    const headEnd = rules < 0 || (end >= 0 && end < rules) ? end : rules;
    const head = text.slice(at, headEnd < 0 ? text.length : headEnd + 1);
    parts.push(head.replaceAll(/^#.*\n/gm, '').replaceAll(/^(:\S+ \S+) \[\d+:\d+\]$/gm, '$1'));
    const next = end < 0 ? text.length : end + '\nCOMMIT\n'.length;
    parts.push(text.slice(at + head.length, next));
    at = next;
  }
  return parts.join('');
}

function parse(text: string): Promise<SavedTables> {
  return inSlices(parseSaveInSlices(text, linesAtOnce));
}
