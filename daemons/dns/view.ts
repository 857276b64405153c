// Pure: what one client sees of all names: the suffixes searched for it, its own part of the answers file, the aliases that
// its links make, and behind them what everybody sees.
import type { Ip } from '../shared/model/ip.ts';
import { type Ipv4, renderIpv4 } from '../shared/model/ipv4.ts';
import type { ContainerObject, ServiceObject } from '../shared/model/objects.ts';
import { type AnswerSection, type FileEntry, noSection, type Timed } from './answers.ts';
import { isSidekick, joinName, linkTarget } from './derive-names.ts';
import type { NameEntry, NameIndex } from './name-index.ts';
import type { Note } from './note.ts';
import { isUsableFrom, toUpstreams, type Upstream } from './upstreams.ts';
import { parseName } from './wire-names.ts';

export interface View {
  /** In the order in which they are tried. */
  readonly suffixes: readonly string[];
  /** Name to the name that it is an alias of, for this client alone. */
  readonly links: ReadonlyMap<string, string>;
  /** The client's section of the answers file. */
  readonly own: AnswerSection;
  /** Asked before those of the host. */
  readonly upstreams: readonly Upstream[];
}

/** What a name leads to for one client. TTLs are in seconds; absent: the usual one. */
export interface SeenEntry extends NameEntry {
  readonly addressTtl?: number | undefined;
  readonly aliasTtl?: number | undefined;
  readonly texts?: Timed<readonly string[]> | undefined;
  readonly pointer?: Timed<string> | undefined;
}

/** Search entries of a client beyond this number are not looked at. */
const maxOwnSuffixes = 16;
const noLinks: ReadonlyMap<string, string> = new Map();

/** The view of a client by its source address; one without a local container sees what all see, and its part of the file. */
export function viewOf(index: NameIndex, source: Ip): View {
  const container = index.clientAt(source);
  const own = index.answers.clients.get(source as Ipv4) ?? noSection;
  const services = container ? index.servicesOf(container.id) : [];
  const suffixes = new Set([
    ...own.search.slice(0, maxOwnSuffixes),
    ...(container ? suffixesOf(container, services[0], index.zone) : []),
    ...index.answers.common.search.slice(0, maxOwnSuffixes),
    index.zone,
  ]);
  const links = container ? linksOf(container, services, index) : noLinks;
  return { suffixes: [...suffixes], links, own, upstreams: upstreamsOf(index, own, container) };
}

function suffixesOf(container: ContainerObject, first: ServiceObject | undefined, zone: string): string[] {
  const stack = first?.stackName ?? container.stackName;
  const service = first ? groupOf(first) : container.serviceName;
  const derived = stack ? [joinName(stack, zone), service ? joinName(service, stack, zone) : undefined, zone] : [zone];
  const own = container.dnsSearch.slice(0, maxOwnSuffixes).map((text) => parseName(text));
  return [...derived, ...own].filter((suffix) => suffix !== undefined && suffix !== '') as string[];
}

/** Siblings of a sidekick are found under the primary's name. */
function groupOf(service: ServiceObject): string {
  return isSidekick(service) ? service.primaryServiceName : service.name;
}

/** Aliases of the services' links; under them those of the container itself, which a service's alias of that name hides. */
function linksOf(
  container: ContainerObject,
  services: readonly ServiceObject[],
  { zone, environment }: NameIndex,
): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  const add = (name: string | undefined, target: string | undefined): void => {
    if (name !== undefined && target !== undefined && !links.has(name)) links.set(name, target);
  };
  for (const service of services) {
    for (const [key, alias] of Object.entries(service.links)) {
      const target = linkTarget(key, zone, environment);
      if (!target || alias === '' || alias.toLowerCase() === key.toLowerCase()) continue;
      add(joinName(alias, zone), target.name);
      add(target.isFull ? joinName(alias) : joinName(alias, target.stack, zone), target.name);
    }
  }
  for (const [alias, name] of Object.entries(container.links ?? {})) add(joinName(alias, zone), joinName(name, zone));
  return links;
}

/** The file's list goes before the container's own. */
function upstreamsOf(index: NameIndex, own: AnswerSection, container: ContainerObject | undefined): Upstream[] {
  const texts = own.recurse.length > 0 ? own.recurse : (container?.dns ?? []);
  return toUpstreams(texts, renderIpv4(index.serviceAddress)).filter(isUsableFrom);
}

/**
 * What a full name leads to for this client. The client's part of the file goes before its links, these before what all see:
 * the common part of the file, then metadata. Of each kind of record (addresses or an alias; texts; a pointer) the first place
 * that has it decides; a link's alias decides all, and one whose target is gone hides nothing.
 */
export function seenAs(index: NameIndex, view: View, name: string, note?: Note): SeenEntry | undefined {
  const own = view.own.table.get(name);
  if (own) note?.(`${name}: the client's section of the answers file has it`);
  const target = view.links.get(name);
  const linked = target === undefined ? undefined : seenByAll(index, target, note);
  if (target !== undefined)
    note?.(`${name}: a link of the client to ${target}${linked ? '' : ', which does not exist'}`);
  return over(own, linked ?? seenByAll(index, name, note));
}

function seenByAll(index: NameIndex, name: string, note?: Note): SeenEntry | undefined {
  const filed = index.answers.common.table.get(name);
  if (filed) note?.(`${name}: the common section of the answers file has it`);
  const known = index.lookup(name);
  if (known) note?.(`${name}: metadata has it`);
  return over(filed, known);
}

function over(entry: FileEntry | undefined, below: SeenEntry | undefined): SeenEntry | undefined {
  if (!entry) return below;
  const { addresses, alias } = entry;
  const decides = addresses !== undefined || alias !== undefined;
  return {
    addresses: decides ? (addresses?.value ?? []) : (below?.addresses ?? []),
    alias: decides ? alias?.value : below?.alias,
    addressTtl: decides ? addresses?.ttl : below?.addressTtl,
    aliasTtl: decides ? alias?.ttl : below?.aliasTtl,
    texts: entry.texts ?? below?.texts,
    pointer: entry.pointer ?? below?.pointer,
    searchable: true,
  };
}

/** True if the name has records for this client, or stands above names that have. */
export function existsFor(index: NameIndex, view: View, name: string): boolean {
  return view.own.table.exists(name) || index.exists(name);
}

/** What a name outside our zones leads to through the client's suffixes, and under which full name it was found. */
export function search(
  index: NameIndex,
  view: View,
  name: string,
  note?: Note,
): { readonly entry: SeenEntry; readonly name: string } | undefined {
  if (name === '' || index.zoneOf(name) !== undefined) return undefined;
  const full = view.suffixes.map((suffix) => `${name}.${suffix}`);
  // What is the client's own goes before what all see, whatever the order of the suffixes.
  const own = full.find((one) => view.own.table.get(one) !== undefined);
  for (const one of own === undefined ? full : [own, ...full]) {
    const entry = seenAs(index, view, one, note);
    if (!entry) note?.(`${one}: not there`);
    else if (!entry.searchable) note?.(`${one}: a container's name with dots, which suffixes do not lead to`);
    if (entry?.searchable) return { entry, name: one };
  }
  return undefined;
}
