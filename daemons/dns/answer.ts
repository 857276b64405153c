// Pure: what becomes of one sound question: a reply from what we know, an alias to follow outside, or "ask an upstream".
// The order of the rules is the service's contract; README.md has it as a table.
import { bitsOf, type Cidr, familyOf } from '../shared/model/ip.ts';
import { classIn, isMetaType, rcode, rrType } from './dns-codes.ts';
import type { NameIndex } from './name-index.ts';
import type { Note } from './note.ts';
import type { Query } from './query.ts';
import { addressRecord, bareReply, type DnsRecord, nameRecord, type Reply, type Soa, textRecord } from './records.ts';
import { parseReverse, reverseZone } from './reverse.ts';
import { existsFor, type SeenEntry, search, seenAs, type View } from './view.ts';

export interface AnswerSettings {
  /** Seconds, of every record of ours that has none of its own. */
  readonly ttl: number;
  /** Ranges whose reverse names are ours alone and never asked outside. */
  readonly subnets: readonly Cidr[];
  /** A random permutation, in place or new. */
  readonly shuffle: <T>(list: T[]) => T[];
  /** Told of aliases that lead back to themselves. */
  readonly onLoop?: (members: readonly string[]) => void;
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

/** `note` is told each rule that was tried, in words. */
export function answer(query: Query, view: View, index: NameIndex, settings: AnswerSettings, note?: Note): Decision {
  if (query.edns && query.edns.version > 0) return refuse(rcode.BADVERS);
  if (query.class !== classIn || isMetaType(query.type)) return refuse(rcode.NOTIMP);
  const make = new Maker(query, view, index, settings, note);
  const zone = index.zoneOf(query.name);
  if (zone !== undefined) return make.own(zone);
  const local = make.outside() ?? make.reverse();
  if (local) return local;
  const found = search(index, view, query.name, note);
  return found ? make.fromEntry(found.entry, 'search', index.zoneOf(found.name)) : { do: 'forward' };
}

function refuse(code: number): Decision {
  return { do: 'reply', path: 'refused', reply: bareReply(code) };
}

class Maker {
  readonly #query: Query;
  readonly #view: View;
  readonly #index: NameIndex;
  readonly #settings: AnswerSettings;
  readonly #note: Note | undefined;

  constructor(query: Query, view: View, index: NameIndex, settings: AnswerSettings, note?: Note) {
    this.#query = query;
    this.#view = view;
    this.#index = index;
    this.#settings = settings;
    this.#note = note;
  }

  /** A name of a zone of ours: answered here whatever happens, never asked outside. */
  own(zone: string): Decision {
    const { name, type } = this.#query;
    this.#note?.(`it is inside the zone ${zone}: answered here, never asked outside`);
    if (name === zone && (type === rrType.SOA || type === rrType.NS)) return this.#apex(zone);
    const entry = this.#seen(name);
    if (entry) return this.fromEntry(entry, 'local', zone);
    if (name === zone) return this.#negative(rcode.NOERROR, zone);
    if (!this.#index.ready) return { do: 'wait' };
    const exists = existsFor(this.#index, this.#view, name);
    this.#note?.(
      exists ? 'only names below it have records' : 'no container, service, link or line of the file has it',
    );
    return this.#negative(exists ? rcode.NOERROR : rcode.NXDOMAIN, zone);
  }

  /** A name of the answers file outside our zones: only what the file says of it; its other types are not ours. */
  outside(): Decision | undefined {
    const { name, type } = this.#query;
    const entry = this.#seen(name);
    if (!entry) return undefined;
    const leads = entry.addresses.length > 0 || entry.alias !== undefined;
    const ours = (leads && leadTypes.has(type)) || hasOwn(entry, type);
    return ours ? this.fromEntry(entry, 'local', name) : undefined;
  }

  reverse(): Decision | undefined {
    const range = parseReverse(this.#query.name);
    if (!range) return undefined;
    const zone = reverseZone(range, this.#settings.subnets);
    const whole = bitsOf(familyOf(range.base));
    const target = range.prefix === whole ? this.#nameAt(range) : undefined;
    if (target === undefined) {
      if (zone === undefined) return undefined;
      this.#note?.(`${zone} is the reverse zone of a network of ours: answered here, never asked outside`);
      if (!this.#index.ready) return { do: 'wait' };
      const exists = range.prefix < whole || existsFor(this.#index, this.#view, this.#query.name);
      return this.#negative(exists ? rcode.NOERROR : rcode.NXDOMAIN, zone);
    }
    this.#note?.(`the address is that of ${target}`);
    if (this.#query.type !== rrType.PTR) return this.#negative(rcode.NOERROR, zone ?? this.#query.name);
    return reply('local', [nameRecord(this.#query.name, rrType.PTR, this.#settings.ttl, target)]);
  }

  /** Follows aliases to records; `zone` is what the SOA of "no such record" names. */
  fromEntry(first: SeenEntry, path: LocalPath, zone = this.#index.zone): Decision {
    const { type, name } = this.#query;
    const chain: DnsRecord[] = [];
    const seen = [name];
    let owner = name;
    let entry: SeenEntry | undefined = first;
    for (let followed = 0; leadsOn(entry, type) && followed < maxAliases; followed += 1) {
      const target: string = entry.alias;
      const fallback = this.#otherwise(chain, owner, entry, zone);
      chain.push(this.#alias(owner, entry));
      this.#note?.(`${owner} is an alias of ${target}`);
      if (type === rrType.CNAME) return reply(path, chain);
      const loops = seen.includes(target);
      if (loops) this.#settings.onLoop?.(seen.slice(seen.indexOf(target)));
      const next: SeenEntry | undefined = loops ? undefined : this.#seen(target);
      if (!loops && !next && this.#index.zoneOf(target) === undefined) {
        return { do: 'chase', path, head: chain, target, otherwise: fallback };
      }
      if (!next || isBare(next)) return { do: 'reply', path, reply: fallback };
      seen.push(target);
      owner = target;
      entry = next;
    }
    const records = this.#records(owner, entry);
    if (records.length > 0) return reply(path, [...chain, ...records]);
    this.#note?.('it has no record of this type');
    return { do: 'reply', path, reply: { ...this.#empty(rcode.NOERROR, zone), answers: chain } };
  }

  #seen(name: string): SeenEntry | undefined {
    return seenAs(this.#index, this.#view, name, this.#note);
  }

  /** If the alias leads nowhere: the addresses beside it, or the alias alone with "no such record". */
  #otherwise(chain: readonly DnsRecord[], owner: string, entry: SeenEntry, zone: string): Reply {
    const addresses = isAddressType(this.#query.type) ? this.#records(owner, entry) : [];
    if (addresses.length > 0) return positive([...chain, ...addresses]);
    const target = entry.alias ?? '';
    const ours = this.#index.zoneOf(target) !== undefined;
    const dangling = ours && !existsFor(this.#index, this.#view, target);
    const empty = this.#empty(dangling ? rcode.NXDOMAIN : rcode.NOERROR, zone);
    return { ...empty, answers: [...chain, this.#alias(owner, entry)] };
  }

  #alias(owner: string, entry: SeenEntry): DnsRecord {
    return nameRecord(owner, rrType.CNAME, entry.aliasTtl ?? this.#settings.ttl, entry.alias ?? '');
  }

  /** The records of the question's type at the end of the aliases. */
  #records(owner: string, entry: SeenEntry | undefined): DnsRecord[] {
    const { ttl, shuffle } = this.#settings;
    if (!entry) return [];
    switch (this.#query.type) {
      case rrType.A:
      case rrType.AAAA: {
        const family = this.#query.type === rrType.A ? 4 : 6;
        const suitable = entry.addresses.filter((address) => familyOf(address) === family);
        const shuffled = suitable.length < 2 ? suitable : shuffle(suitable).slice(0, maxAddresses);
        return shuffled.map((address) => addressRecord(owner, entry.addressTtl ?? ttl, address));
      }
      case rrType.TXT:
        return (entry.texts?.value ?? []).map((text) => textRecord(owner, entry.texts?.ttl ?? ttl, text));
      case rrType.PTR:
        return entry.pointer ? [nameRecord(owner, rrType.PTR, entry.pointer.ttl ?? ttl, entry.pointer.value)] : [];
      default:
        return [];
    }
  }

  #apex(zone: string): Decision {
    if (this.#query.type === rrType.SOA) return reply('local', [this.#soa(zone)]);
    return reply('local', [nameRecord(zone, rrType.NS, this.#settings.ttl, this.#index.serviceName)]);
  }

  #nameAt(range: Cidr): string | undefined {
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

/** Types that an address or an alias decides, also by having none. */
const leadTypes = new Set<number>([rrType.A, rrType.AAAA, rrType.CNAME]);

function isAddressType(type: number): boolean {
  return type === rrType.A || type === rrType.AAAA;
}

function hasOwn(entry: SeenEntry, type: number): boolean {
  return (type === rrType.TXT && entry.texts !== undefined) || (type === rrType.PTR && entry.pointer !== undefined);
}

/** True if the question goes on at the entry's alias: not if the entry itself has what is asked for. */
function leadsOn(entry: SeenEntry | undefined, type: number): entry is SeenEntry & { readonly alias: string } {
  return entry?.alias !== undefined && !hasOwn(entry, type);
}

function isBare(entry: SeenEntry): boolean {
  return entry.addresses.length === 0 && entry.alias === undefined && !entry.texts && !entry.pointer;
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
