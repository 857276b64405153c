// Pure: what charon tells of its connections and security associations.
import { hash } from 'node:crypto';
import type { ViciSection, ViciValue } from './vici-codec.ts';

export interface ChildSa {
  /** Of its configuration. */
  readonly name: string;
  readonly id: string;
  readonly state: string;
  /** Seconds since it was made: since the last rekeying. */
  readonly age: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly localTs: readonly string[];
  readonly remoteTs: readonly string[];
}

export interface IkeSa {
  /** Of its connection. */
  readonly name: string;
  readonly id: string;
  readonly state: string;
  /** Seconds; 0 until it is established. */
  readonly age: number;
  readonly children: readonly ChildSa[];
}

/** From the events of list-sas; what has no number or no state is left out. */
export function parseSas(events: readonly ViciSection[]): IkeSa[] {
  return events.flatMap((event) => Object.entries(event).flatMap(([name, value]) => parseIke(name, value) ?? []));
}

/** The loaded connections by name, each with a mark of what charon shows of it, from the events of list-conns. */
export function parseConnections(events: readonly ViciSection[]): Map<string, string> {
  return new Map(
    events.flatMap((event) =>
      Object.entries(event).map(([name, shown]) => [name, hash('sha1', JSON.stringify(shown))]),
    ),
  );
}

export interface Trap {
  /** Name of the connection; it may be gone. */
  readonly ike: string;
  readonly child: string;
}

/** Policies that wait for packets, from the events of list-policies. */
export function parseTraps(events: readonly ViciSection[]): Trap[] {
  return events.flatMap((event) =>
    Object.values(event).map((value) => {
      const fields = sectionOf(value);
      return { ike: textOf(fields, 'ike'), child: textOf(fields, 'child') };
    }),
  );
}

function parseIke(name: string, value: ViciValue): IkeSa | undefined {
  const fields = sectionOf(value);
  const [id, state] = [textOf(fields, 'uniqueid'), textOf(fields, 'state')];
  if (id === '' || state === '') return undefined;
  const children = Object.entries(sectionOf(fields['child-sas'])).flatMap(([key, one]) => parseChild(key, one) ?? []);
  return { name, id, state, age: numberOf(fields, 'established'), children };
}

function parseChild(key: string, value: ViciValue): ChildSa | undefined {
  const fields = sectionOf(value);
  const [id, state] = [textOf(fields, 'uniqueid'), textOf(fields, 'state')];
  if (id === '' || state === '') return undefined;
  return {
    name: textOf(fields, 'name') || key,
    id,
    state,
    age: numberOf(fields, 'install-time'),
    bytesIn: numberOf(fields, 'bytes-in'),
    bytesOut: numberOf(fields, 'bytes-out'),
    localTs: listOf(fields, 'local-ts'),
    remoteTs: listOf(fields, 'remote-ts'),
  };
}

const nothing: ViciSection = Object.freeze(Object.create(null) as ViciSection);

function sectionOf(value: ViciValue | undefined): ViciSection {
  return typeof value === 'object' && !Array.isArray(value) ? (value as ViciSection) : nothing;
}

function textOf(fields: ViciSection, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

function numberOf(fields: ViciSection, name: string): number {
  const text = textOf(fields, name);
  return /^\d{1,16}$/.test(text) ? Number(text) : 0;
}

function listOf(fields: ViciSection, name: string): string[] {
  const value = fields[name];
  return Array.isArray(value) ? [...(value as readonly string[])].sort() : [];
}
