// The host ports that the containers of this host ask for, kept beside the snapshot: a change costs what it touches, not what
// there is.
import type { ContainerObject } from '../../shared/model/objects.ts';
import type { SharedMap } from '../../shared/model/shared-map.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { eachInSlices } from '../../shared/reconcile/in-slices.ts';
import { type ContainerClaims, claimsOf, type PortClaim } from './port-claims.ts';

/** Fewer are read at once, more in slices when there is time: another five thousand containers are no daily event. */
const atOnce = 100;

export class PortBook {
  #hostId: string | undefined;
  #containers: SharedMap<ContainerObject> | undefined;
  readonly #entries = new Map<string, ContainerClaims>();
  /** Containers that changed and are not read yet. */
  readonly #unread = new Set<string>();
  /** What containers asked for when `drain` was called last, of those that ask for something else by now. */
  #moved = new Map<string, readonly PortClaim[]>();

  /** Takes over a snapshot; true if the ports that are asked for may differ from before. */
  take(snapshot: Snapshot): boolean {
    const before = this.#hostId === snapshot.hostId ? this.#containers : undefined;
    const containers = snapshot.table('container');
    this.#hostId = snapshot.hostId;
    this.#containers = containers;
    if (!before) {
      for (const id of this.#entries.keys()) this.#note(id);
      this.#entries.clear();
    }
    for (const id of before ? containers.keysUnlike(before) : containers.keys()) this.#unread.add(id);
    if (this.#unread.size > atOnce) return true;
    let changed = !before;
    for (const id of this.#unread) if (this.#read(id)) changed = true;
    return changed;
  }

  /** Reads what is not read yet, with pauses. To be awaited before the claims are used. */
  async catchUp(): Promise<void> {
    await eachInSlices(this.#unread, (id) => this.#read(id));
  }

  /** Every port asked for, container by container. */
  *claims(): Generator<PortClaim> {
    for (const { claims } of this.#entries.values()) yield* claims;
  }

  /** What is not asked for any more, and what is, since the last call; after it, `claims` and the sum of all changes agree. */
  drain(): { gone: readonly PortClaim[]; come: readonly PortClaim[] } {
    const moved = this.#moved;
    this.#moved = new Map();
    const now = [...moved.keys()].flatMap((id) => this.#entries.get(id)?.claims ?? []);
    return { gone: [...moved.values()].flat(), come: now };
  }

  /** What was asked for and cannot be read. */
  get skipped(): readonly string[] {
    return [...this.#entries.values()].flatMap(({ skipped }) => skipped);
  }

  #read(id: string): boolean {
    this.#unread.delete(id);
    const container = this.#containers?.get(id);
    const next = container && container.hostId === this.#hostId ? claimsOf(container) : undefined;
    const before = this.#entries.get(id);
    if (next && (next.claims.length > 0 || next.skipped.length > 0)) {
      if (before && sameClaims(before, next)) return false;
      this.#note(id);
      this.#entries.set(id, next);
      return true;
    }
    if (before) this.#note(id);
    return this.#entries.delete(id);
  }

  #note(id: string): void {
    if (!this.#moved.has(id)) this.#moved.set(id, this.#entries.get(id)?.claims ?? []);
  }
}

/** A container's health or labels change more often than its ports. */
function sameClaims(a: ContainerClaims, b: ContainerClaims): boolean {
  return (
    a.claims.length === b.claims.length &&
    a.claims.every((claim, at) => isSame(claim, b.claims[at]!)) &&
    a.skipped.join() === b.skipped.join()
  );
}

function isSame(a: PortClaim, b: PortClaim): boolean {
  return (
    a.rule === b.rule &&
    a.network === b.network &&
    a.always === b.always &&
    a.container.name === b.container.name &&
    a.container.createdAt === b.container.createdAt
  );
}
