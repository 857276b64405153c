// What of a new snapshot concerns attachments: containers come and go all day, networks do not.
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { hasSameHost } from '../own-parts.ts';
import { type KnownNetworks, knownNetworks } from './want-attachments.ts';

export interface NetworkListeners {
  /** Networks that plugins of other makers make, or the values of this host that they are made with, may differ. */
  readonly onOthers: (snapshot: Snapshot) => void;
  /** Other names or another default network: containers may be wanted otherwise. Only after `begin`. */
  readonly onKnown: () => void;
}

export class NetworkNews {
  readonly #listeners: NetworkListeners;
  #last: Snapshot | undefined;
  #networks: KnownNetworks | undefined;
  #begun = false;

  constructor(listeners: NetworkListeners) {
    this.#listeners = listeners;
  }

  /** Those of the last snapshot. */
  get networks(): KnownNetworks | undefined {
    return this.#networks;
  }

  /** The same once their bridges are there: before, nothing is attached. */
  get known(): KnownNetworks | undefined {
    return this.#begun ? this.#networks : undefined;
  }

  begin(): void {
    this.#begun = true;
    this.#listeners.onKnown();
  }

  onSnapshot(snapshot: Snapshot): void {
    const before = this.#last;
    this.#last = snapshot;
    const hasNetworks = before?.table('network') !== snapshot.table('network');
    if (hasNetworks || !before || !hasSameHost(before, snapshot)) this.#listeners.onOthers(snapshot);
    if (!hasNetworks) return;
    const next = knownNetworks(snapshot.all('network'));
    const differs = textOf(next) !== (this.#networks && textOf(this.#networks));
    this.#networks = next;
    if (differs && this.#begun) this.#listeners.onKnown();
  }
}

function textOf(networks: KnownNetworks): string {
  return JSON.stringify([[...networks.names].sort(), networks.default]);
}
