// Pure: the answers file, checked. What has the wrong shape makes the whole file wrong; a single value that cannot be
// published (an address that is none, a name that could not be asked for) is left out, and told.
import { SuiteError } from '../shared/model/errors.ts';
import { type Ipv4, parseIpv4 } from '../shared/model/ipv4.ts';
import { type AnswerSection, type Answers, AnswerTable, type FileEntry, noSection } from './answers.ts';
import { reverseName } from './reverse.ts';
import { parseName } from './wire-names.ts';

export interface ParsedAnswers {
  readonly answers: Answers;
  /** One line for each value that is not published; at most `maxTold`. */
  readonly leftOut: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

interface FileRecord {
  readonly name: string;
  readonly answer: unknown;
  readonly ttl: number | undefined;
  /** Where it stands, for people. */
  readonly at: string;
}

const maxTold = 100;
const maxTtl = 0x7fffffff;
const maxList = 10_000;
const sectionKeys = ['search', 'recurse', 'authoritative', 'authorative', 'a', 'cname', 'ptr', 'txt'];

/** Client address or `default` to section. @throws SuiteError CONFIG_INVALID, naming the place. */
export function parseAnswers(value: unknown): ParsedAnswers {
  const reader = new Reader();
  const clients = new Map<Ipv4, AnswerSection>();
  let common = noSection;
  let zones: readonly string[] = [];
  for (const [client, section] of Object.entries(reader.map(value, 'the file'))) {
    const address = parseIpv4(client);
    if (client === 'default') {
      common = reader.section(section, client);
      zones = reader.zones(section, client);
    } else if (address !== undefined) clients.set(address, reader.section(section, client));
    else reader.leaveOut(client, 'is neither an IPv4 address nor "default"');
  }
  return { answers: { common, clients, zones }, leftOut: reader.leftOut };
}

class Reader {
  readonly leftOut: string[] = [];

  leaveOut(place: string, why: string): void {
    if (this.leftOut.length < maxTold) this.leftOut.push(`${place} ${why}`);
  }

  map(value: unknown, place: string): Fields {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
    throw wrong(place, 'is not a map');
  }

  section(value: unknown, place: string): AnswerSection {
    const fields = this.#part(value, place);
    for (const key of Object.keys(fields)) {
      if (!sectionKeys.includes(key)) this.leaveOut(`${place}.${key}`, 'is not known here');
    }
    const entries = new Map<string, FileEntry>();
    const add = (name: string, part: FileEntry): void => void entries.set(name, { ...entries.get(name), ...part });
    for (const { name, answer, ttl, at } of this.#records(fields.a, `${place}.a`)) {
      const value = this.#addresses(answer, at);
      if (value.length > 0) add(name, { addresses: { value, ttl } });
    }
    for (const { name, answer, ttl, at } of this.#records(fields.cname, `${place}.cname`)) {
      const value = this.#target(answer, at);
      if (value === name) this.leaveOut(at, 'leads to itself');
      else if (value !== undefined) add(name, { alias: { value, ttl } });
    }
    for (const { name, answer, ttl, at } of this.#records(fields.ptr, `${place}.ptr`)) {
      const value = this.#target(answer, at);
      const address = parseIpv4(name);
      if (value !== undefined) add(address === undefined ? name : reverseName(address), { pointer: { value, ttl } });
    }
    for (const { name, answer, ttl, at } of this.#records(fields.txt, `${place}.txt`)) {
      const value = this.#texts(answer, at);
      if (value.length > 0) add(name, { texts: { value, ttl } });
    }
    const search = this.#names(fields.search, `${place}.search`);
    const recurse = this.#list(fields.recurse, `${place}.recurse`);
    return { search, recurse, table: new AnswerTable(entries) };
  }

  /** The original's own dumps spell the key without its third vowel. */
  zones(value: unknown, place: string): string[] {
    const fields = this.#part(value, place);
    return this.#names(fields.authoritative ?? fields.authorative, `${place}.authoritative`);
  }

  /** The records of one kind whose name can be asked for. */
  #records(value: unknown, place: string): FileRecord[] {
    return Object.entries(this.#part(value, place)).flatMap(([key, record]) => {
      const at = `${place}.${JSON.stringify(key)}`;
      const { answer, ttl } = this.map(record, at);
      if (ttl !== undefined && ttl !== null && !isTtl(ttl)) throw wrong(at, `has the ttl ${JSON.stringify(ttl)}`);
      const name = parseName(key);
      if (!name) this.leaveOut(at, 'is not a name');
      return name ? [{ name, answer, ttl: isTtl(ttl) ? ttl : undefined, at }] : [];
    });
  }

  #addresses(value: unknown, place: string): Ipv4[] {
    const found = new Set<Ipv4>();
    for (const text of this.#list(value, place)) {
      const address = parseIpv4(text);
      if (address === undefined) this.leaveOut(place, `has ${JSON.stringify(text)}, which is no IPv4 address`);
      else found.add(address);
    }
    return [...found];
  }

  #texts(value: unknown, place: string): string[] {
    return this.#list(value, place).filter((text) => {
      const fits = Buffer.byteLength(text) <= 16_384;
      if (!fits) this.leaveOut(place, 'has a text over 16384 bytes');
      return fits;
    });
  }

  #target(value: unknown, place: string): string | undefined {
    if (typeof value !== 'string') throw wrong(place, 'has no name as answer');
    const name = parseName(value);
    if (!name) this.leaveOut(place, `leads to ${JSON.stringify(value.slice(0, 80))}, which is not a name`);
    return name || undefined;
  }

  #names(value: unknown, place: string): string[] {
    return this.#list(value, place).flatMap((text) => {
      const name = parseName(text);
      if (!name) this.leaveOut(place, `has ${JSON.stringify(text.slice(0, 80))}, which is not a name`);
      return name ? [name] : [];
    });
  }

  #list(value: unknown, place: string): string[] {
    if (value === undefined || value === null) return [];
    const good = Array.isArray(value) && value.length <= maxList && value.every((one) => typeof one === 'string');
    if (!good) throw wrong(place, `is not a list of at most ${maxList} texts`);
    return value;
  }

  #part(value: unknown, place: string): Fields {
    return value === undefined || value === null ? {} : this.map(value, place);
  }
}

function isTtl(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= maxTtl;
}

function wrong(place: string, why: string): SuiteError {
  return new SuiteError('CONFIG_INVALID', `read the answers: ${place} ${why}`, {
    hint: 'daemons/dns/README.md shows the form of the file',
  });
}
