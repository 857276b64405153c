// Pure: what becomes of one sound question: a reply from what we know, an alias to follow outside, or "ask an upstream".
// The order of the rules is the service's contract; README.md has it as a table.
import type { Cidr4 } from '../shared/model/ipv4.ts';
import { classIn, isMetaType, rcode, rrType } from './dns-codes.ts';
import type { NameEntry, NameIndex } from './name-index.ts';
import type { Query } from './query.ts';
import { addressRecord, bareReply, type DnsRecord, nameRecord, type Reply, type Soa } from './records.ts';
import { parseReverse, reverseZone } from './reverse.ts';
import { search, seenAs, type View } from './view.ts';
import { isInside } from './wire-names.ts';

export interface AnswerSettings {
  /** Seconds, of every record of ours. */
  readonly ttl: number;
  /** Ranges whose reverse names are ours alone and never asked outside. */
  readonly subnets: readonly Cidr4[];
  /** A random permutation, in place or new. */
  readonly shuffle: <T>(list: T[]) => T[];
}

export type LocalPath = 'local' | 'search' | 'refused';

/** An alias leads outside: `head` are the records so far, `target` is to be asked for, `otherwise` holds if that yields nothing. */
export interface Chase {
  readonly do: 'chase';
  readonly path: LocalPath;
  readonly head: readonly DnsRecord[];
  readonly target: string;
  readonly otherwise: Reply;
}

export type Decision =
  | { readonly do: 'reply'; readonly path: LocalPath; readonly reply: Reply }
  | Chase
  /** A name of our own, and no snapshot yet to know it from. */
  | { readonly do: 'wait' }
  | { readonly do: 'forward' };

/** Aliases followed for one question. */
const maxAliases = 16;
/** More addresses than this of one name are not sent at once: a random part of them is, and fits into 64 KiB. */
const maxAddresses = 2000;
const maxNegativeTtl = 5;

export function answer(query: Query, view: View, index: NameIndex, settings: AnswerSettings): Decision {
  if (query.edns && query.edns.version > 0) return refuse(rcode.BADVERS);
  if (query.class !== classIn || isMetaType(query.type)) return refuse(rcode.NOTIMP);
  const make = new Maker(query, view, index, settings);
  if (isInside(query.name, index.zone)) return make.own();
  const reverse = make.reverse();
  if (reverse) return reverse;
  const found = search(index, view, query.name);
  return found ? make.fromEntry(found, 'search') : { do: 'forward' };
}

function refuse(code: number): Decision {
  return { do: 'reply', path: 'refused', reply: bareReply(code) };
}

class Maker {
  readonly #query: Query;
  readonly #view: View;
  readonly #index: NameIndex;
  readonly #settings: AnswerSettings;

  constructor(query: Query, view: View, index: NameIndex, settings: AnswerSettings) {
    this.#query = query;
    this.#view = view;
    this.#index = index;
    this.#settings = settings;
  }

  /** A name of the zone: answered here whatever happens, never asked outside. */
  own(): Decision {
    const { name } = this.#query;
    if (name === this.#index.zone) return this.#apex();
    const entry = seenAs(this.#index, this.#view, name);
    if (entry) return this.fromEntry(entry, 'local');
    if (!this.#index.ready) return { do: 'wait' };
    return this.#negative(this.#index.exists(name) ? rcode.NOERROR : rcode.NXDOMAIN, this.#index.zone);
  }

  reverse(): Decision | undefined {
    const range = parseReverse(this.#query.name);
    if (!range) return undefined;
    const zone = reverseZone(range, this.#settings.subnets);
    const target = range.prefix === 32 ? this.#nameAt(range) : undefined;
    if (target === undefined) {
      if (zone === undefined) return undefined;
      if (!this.#index.ready) return { do: 'wait' };
      return this.#negative(range.prefix === 32 ? rcode.NXDOMAIN : rcode.NOERROR, zone);
    }
    if (this.#query.type !== rrType.PTR) return this.#negative(rcode.NOERROR, zone ?? this.#query.name);
    return reply('local', [nameRecord(this.#query.name, rrType.PTR, this.#settings.ttl, target)]);
  }

  fromEntry(first: NameEntry, path: LocalPath): Decision {
    const { type, name } = this.#query;
    const chain: DnsRecord[] = [];
    const seen = new Set([name]);
    let owner = name;
    let entry: NameEntry | undefined = first;
    for (let followed = 0; entry?.alias !== undefined && followed < maxAliases; followed += 1) {
      const target: string = entry.alias;
      const fallback = this.#otherwise(chain, owner, entry);
      chain.push(nameRecord(owner, rrType.CNAME, this.#settings.ttl, target));
      if (type === rrType.CNAME) return reply(path, chain);
      if (!isInside(target, this.#index.zone)) return { do: 'chase', path, head: chain, target, otherwise: fallback };
      const next: NameEntry | undefined = seen.has(target) ? undefined : seenAs(this.#index, this.#view, target);
      if (!next || (next.addresses.length === 0 && next.alias === undefined)) {
        return { do: 'reply', path, reply: fallback };
      }
      seen.add(target);
      owner = target;
      entry = next;
    }
    const records = type === rrType.A ? this.#addresses(owner, entry) : [];
    if (records.length > 0) return reply(path, [...chain, ...records]);
    return { do: 'reply', path, reply: { ...this.#empty(rcode.NOERROR, this.#index.zone), answers: chain } };
  }

  /** If the alias leads nowhere: the addresses beside it, or the alias alone with "no such record". */
  #otherwise(chain: readonly DnsRecord[], owner: string, entry: NameEntry): Reply {
    const addresses = this.#query.type === rrType.A ? this.#addresses(owner, entry) : [];
    if (addresses.length > 0) return positive([...chain, ...addresses]);
    const target = entry.alias ?? '';
    const dangling = isInside(target, this.#index.zone) && !this.#index.exists(target);
    const empty = this.#empty(dangling ? rcode.NXDOMAIN : rcode.NOERROR, this.#index.zone);
    return { ...empty, answers: [...chain, nameRecord(owner, rrType.CNAME, this.#settings.ttl, target)] };
  }

  #addresses(owner: string, entry: NameEntry | undefined): DnsRecord[] {
    const shuffled = this.#settings.shuffle([...(entry?.addresses ?? [])]);
    return shuffled.slice(0, maxAddresses).map((address) => addressRecord(owner, this.#settings.ttl, address));
  }

  #apex(): Decision {
    const zone = this.#index.zone;
    if (this.#query.type === rrType.SOA) return reply('local', [this.#soa(zone)]);
    if (this.#query.type === rrType.NS) {
      return reply('local', [nameRecord(zone, rrType.NS, this.#settings.ttl, this.#index.serviceName)]);
    }
    return this.#negative(rcode.NOERROR, zone);
  }

  #nameAt(range: Cidr4): string | undefined {
    if (range.base === this.#index.serviceAddress) return this.#index.serviceName;
    return this.#index.nameAt(range.base);
  }

  #negative(code: number, zone: string): Decision {
    return { do: 'reply', path: 'local', reply: this.#empty(code, zone) };
  }

  #empty(code: number, zone: string): Reply {
    return { rcode: code, authoritative: true, answers: [], authority: [this.#soa(zone)] };
  }

  #soa(zone: string): DnsRecord {
    const ttl = this.#settings.ttl;
    const soa: Soa = {
      primary: this.#index.serviceName,
      mailbox: `hostmaster.${this.#index.zone}`,
      serial: this.#index.serial,
      negativeTtl: Math.min(ttl, maxNegativeTtl),
    };
    return { owner: zone, type: rrType.SOA, ttl, data: { kind: 'soa', soa } };
  }
}

function reply(path: LocalPath, answers: readonly DnsRecord[]): Decision {
  return { do: 'reply', path, reply: positive(answers) };
}

function positive(answers: readonly DnsRecord[]): Reply {
  return { rcode: rcode.NOERROR, authoritative: true, answers, authority: [] };
}

/** The reply to a chase: `found` are the upstream's records for the target, undefined if none could be asked. */
export function finishChase(chase: Chase, found: { rcode: number; records: readonly DnsRecord[] } | undefined): Reply {
  if (found && found.records.length > 0) return positive([...chase.head, ...found.records]);
  const gone = found?.rcode === rcode.NXDOMAIN && chase.otherwise.authority.length > 0;
  // The code tells of the last name of the chain (RFC 6604); a failure to ask is no failure of ours.
  return gone ? { ...chase.otherwise, rcode: rcode.NXDOMAIN } : chase.otherwise;
}

/** The reply to a question of the zone when no snapshot came in time: "no such record", which nobody may keep. */
export function unknownYet(index: NameIndex): Reply {
  const soa: Soa = { primary: index.serviceName, mailbox: `hostmaster.${index.zone}`, serial: 0, negativeTtl: 0 };
  const record: DnsRecord = { owner: index.zone, type: rrType.SOA, ttl: 0, data: { kind: 'soa', soa } };
  return { rcode: rcode.NOERROR, authoritative: true, answers: [], authority: [record] };
}
