// Pure: what is declared in a cluster: each host's file declares what nobody has declared before, and changes or withdraws what
// is its own. Tokens stay in the files: a host shows those of its own file.
import { type Declared, type DeclaredSection, parseDeclaredEntry } from '../../shared/daemon/config-declared.ts';
import type { HostObject } from '../../shared/model/objects.ts';
import { renderKey, sections } from './keys.ts';
import type { Declared as Held } from './mirror.ts';
import type { Entry as TableEntry } from './table.ts';

type AnyEntry = Declared[DeclaredSection][number];

export interface DeclaredQuestion {
  readonly held: readonly TableEntry<Held>[];
  readonly file: Declared;
  readonly own: HostObject;
}

export interface DeclaredAnswer {
  readonly entries: Declared;
  /** Key to value, for what nobody holds. */
  readonly propose: ReadonlyMap<string, string>;
  /** Key to value, or to undefined for what is withdrawn: keys of this host. */
  readonly change: ReadonlyMap<string, string | undefined>;
  /** One sentence for each entry that another host declares otherwise. */
  readonly drift: readonly string[];
}

export function clusterDeclared({ held, file, own }: DeclaredQuestion): DeclaredAnswer {
  const wanted = new Map<string, string>();
  const drift: string[] = [];
  const change = new Map<string, string | undefined>();
  const propose = new Map<string, string>();
  const merged = new Map<string, { section: DeclaredSection; entry: AnyEntry }>();
  for (const section of sections) {
    for (const entry of file[section]) {
      const key = renderKey({ at: 'declared', section, name: nameOf(section, entry, own) });
      const plain = sharedEntry(section, entry, own);
      wanted.set(key, JSON.stringify({ hostId: own.id, entry: plain }));
      merged.set(key, { section, entry: plain });
    }
  }
  const seen = new Set<string>();
  for (const { value, old } of held) {
    const key = renderKey({ at: 'declared', section: value.section, name: value.name });
    const mine = wanted.get(key);
    if (!old) seen.add(key);
    if (value.hostId === own.id) {
      if (!old && mine !== JSON.stringify({ hostId: own.id, entry: value.entry })) change.set(key, mine);
      continue;
    }
    const entry = parseDeclaredEntry(value.section, value.entry);
    if (!entry) continue;
    if (mine !== undefined && JSON.stringify(merged.get(key)!.entry) !== JSON.stringify(value.entry))
      drift.push(`${value.section} ${value.name} is declared otherwise by another host`);
    merged.set(key, { section: value.section, entry });
  }
  for (const [key, text] of wanted) if (!seen.has(key)) propose.set(key, text);
  return { entries: entriesOf(merged, file), propose, change, drift: drift.sort() };
}

function nameOf(section: DeclaredSection, entry: AnyEntry, own: HostObject): string {
  const parts = (): string[] => {
    if (section === 'containers') {
      const { host = own.name, name } = entry as Declared['containers'][number];
      return [host.toLowerCase(), name.toLowerCase()];
    }
    if (section !== 'services') return [entry.name.toLowerCase()];
    const { stack, primary, name } = entry as Declared['services'][number];
    return [stack, primary ?? name, name];
  };
  return parts().map(encodeURIComponent).join('/');
}

/** As every host may read it, and means the same by it. */
function sharedEntry(section: DeclaredSection, entry: AnyEntry, own: HostObject): AnyEntry {
  if (section === 'containers') return { host: own.name, ...(entry as Declared['containers'][number]) };
  if (section !== 'services') return entry;
  const { token: _, ...rest } = entry as Declared['services'][number];
  return rest;
}

/** In the order of their keys, so that every host derives the same. */
function entriesOf(
  merged: ReadonlyMap<string, { section: DeclaredSection; entry: AnyEntry }>,
  file: Declared,
): Declared {
  const inOrder = [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  const of = <S extends DeclaredSection>(section: S): Declared[S] =>
    inOrder.flatMap((one) => (one.section === section ? [one.entry] : [])) as unknown as Declared[S];
  const tokens = new Map(file.services.map(({ stack, name, token }) => [`${stack}/${name}`, token]));
  const services = of('services').map((service) => {
    const token = tokens.get(`${service.stack}/${service.name}`);
    return token === undefined ? service : { ...service, token };
  });
  return { stacks: of('stacks'), services, hosts: of('hosts'), containers: of('containers') };
}
