// To which cluster this host belongs, and what it owns there, as its own file remembers it.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { SuiteError } from '../../shared/model/errors.ts';
import { overlaps, parseCidr4, renderCidr4 } from '../../shared/model/ipv4.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import { renderKey } from './keys.ts';
import type { Mirror } from './mirror.ts';
import type { AddressValue, BlockValue, ClusterValue } from './values.ts';

/** Of one file in one boot of one machine: a copy of the file is another place. */
export function placeOf(path: string, bootId: string): string {
  const { ino, dev } = statSync(path);
  return createHash('sha256').update(`${bootId} ${dev} ${ino}`).digest('hex').slice(0, 32);
}

export class Membership {
  readonly #sqlite: SqliteStore;
  readonly #bootId: string;

  constructor(sqlite: SqliteStore, bootId: string) {
    this.#sqlite = sqlite;
    this.#bootId = bootId;
  }

  /** The cluster that this host has joined; undefined if it never did. */
  get joined(): string | undefined {
    return this.#sqlite.journal.fact('joined');
  }

  /** A member stays in its cluster; a host that was alone joins the one that it finds, if nothing of its own is in the way. */
  admit({ id }: ClusterValue): void {
    const { joined } = this;
    if (joined === id || (joined === undefined && this.#sqlite.identity.clusterId === id)) return;
    if (joined !== undefined) {
      throw new SuiteError('CLUSTER_MISMATCH', `join the cluster ${id}: this host belongs to ${joined}`, {
        hint: 'point store.endpoints at the own cluster, or move store.sqlite away to join as a new host',
      });
    }
    if (this.#sqlite.hasAttached(this.#bootId)) {
      throw new SuiteError('CLUSTER_MISMATCH', `join the cluster ${id}: containers have addresses of this host alone`, {
        hint: 'stop the containers first; corral store migrate is for the first host of a cluster',
      });
    }
    this.#sqlite.becomeNew();
  }

  /** True if the store is another one than that which this host knew. */
  isEmptied({ incarnation }: ClusterValue): boolean {
    const known = this.#sqlite.journal.fact('incarnation');
    return known !== undefined && known !== incarnation;
  }

  /** This host belongs to the cluster from now on. */
  enter({ id, incarnation }: ClusterValue): void {
    if (this.joined !== id) {
      this.#sqlite.setCluster(id);
      this.#sqlite.journal.setFact('joined', id);
    }
    if (this.#sqlite.journal.fact('incarnation') !== incarnation)
      this.#sqlite.journal.setFact('incarnation', incarnation);
  }

  /**
   * Blocks that the store knows as ours and the own file does not: claimed in the last moment of an earlier life. Those outside
   * of their network belong to one that was there before it.
   */
  adoptBlocks(mirror: Mirror): void {
    const { hostId } = this.#sqlite.identity;
    const known = new Set(this.#sqlite.ownBlocks().map(({ network, block }) => `${network}/${renderCidr4(block)}`));
    for (const { value, old } of mirror.blocks.values()) {
      if (old || value.hostId !== hostId || known.has(`${value.network}/${value.cidr}`)) continue;
      const block = parseCidr4(value.cidr);
      const plan = mirror.networks.get(renderKey({ at: 'network', name: value.network }))?.value;
      const subnet = plan && parseCidr4(plan.subnet);
      if (block && subnet && overlaps(subnet, block) && block.prefix === plan.block)
        this.#sqlite.addBlock(value.network, block, value.order);
    }
  }

  /** Keys that the store should hold for this host, with their values. */
  claims(mirror: Mirror): Map<string, string> {
    const { hostId } = this.#sqlite.identity;
    const claims = new Map<string, string>();
    for (const { network, block, number } of this.#sqlite.ownBlocks()) {
      const value: BlockValue = { hostId, order: number };
      claims.set(renderKey({ at: 'block', network, cidr: renderCidr4(block) }), JSON.stringify(value));
    }
    for (const { network, ip, owner } of this.#sqlite.ownAddresses()) {
      const value: AddressValue = { hostId, owner };
      claims.set(renderKey({ at: 'address', network, ip }), JSON.stringify(value));
    }
    // A network of an emptied store is written again by whoever knows it.
    for (const [key, { value, old }] of mirror.networks.entries()) if (old) claims.set(key, JSON.stringify(value));
    return claims;
  }
}
