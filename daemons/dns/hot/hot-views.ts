// Pure: numbers for views, so that clients who see the same share replies, and what the workers have to be told of clients.
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import { noSection } from '../answers.ts';
import type { View } from '../view.ts';
import { commonView, type HotClient } from './admission.ts';

export interface ClientChanges {
  readonly set: readonly HotClient[];
  readonly drop: readonly number[];
}

interface Known extends HotClient {
  readonly text: string;
}

export class HotViews {
  readonly #clients = new Map<Ipv4, Known>();
  readonly #ids = new Map<string, { readonly id: number; users: number }>();
  #nextId = commonView + 1;

  get all(): readonly HotClient[] {
    return [...this.#clients.values()].map(tell);
  }

  addresses(): Iterable<Ipv4> {
    return this.#clients.keys();
  }

  idOf(source: Ipv4): number {
    return this.#clients.get(source)?.view ?? commonView;
  }

  /** Looks at these addresses again; `viewOf` gives undefined for one without a view of its own. */
  update(addresses: Iterable<Ipv4>, viewOf: (address: Ipv4) => View | undefined): ClientChanges {
    const set: HotClient[] = [];
    const drop: number[] = [];
    for (const address of addresses) {
      const view = viewOf(address);
      const before = this.#clients.get(address);
      const text = view && textOf(view, address);
      if (text === before?.text) continue;
      const known = view && text !== undefined ? this.#make(address, view, text) : undefined;
      if (before) this.#forget(before);
      if (known) {
        this.#clients.set(address, known);
        set.push(tell(known));
      } else if (this.#clients.delete(address)) drop.push(address | 0);
    }
    return { set, drop };
  }

  #make(address: Ipv4, view: View, text: string): Known {
    let known = this.#ids.get(text);
    if (!known) {
      known = { id: this.#nextId, users: 0 };
      this.#nextId += 1;
      this.#ids.set(text, known);
    }
    known.users += 1;
    return { address: address | 0, view: known.id, shares: isOrdinary(view), text };
  }

  #forget({ text }: Known): void {
    const known = this.#ids.get(text);
    if (!known) return;
    known.users -= 1;
    if (known.users === 0) this.#ids.delete(text);
  }
}

/** True if names of the zone lead this client where they lead everybody. */
export function isOrdinary(view: View): boolean {
  return view.links.size === 0 && view.own === noSection;
}

/** Equal texts, equal replies. A client with a part of its own in the answers file shares with nobody. */
function textOf(view: View, address: Ipv4): string {
  const own = view.own === noSection ? '' : address;
  return JSON.stringify([own, view.suffixes, [...view.links], view.upstreams]);
}

function tell({ address, view, shares }: Known): HotClient {
  return { address, view, shares };
}
