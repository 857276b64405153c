// Pure: what one client sees beyond the names that all see: the suffixes searched for it, and its service's link aliases.
import type { Ipv4 } from '../shared/model/ipv4.ts';
import type { ServiceObject } from '../shared/model/objects.ts';
import { isSidekick, joinName, linkTarget } from './derive-names.ts';
import type { NameEntry, NameIndex } from './name-index.ts';
import { isInside, parseName } from './wire-names.ts';

export interface View {
  /** In the order in which they are tried. */
  readonly suffixes: readonly string[];
  /** Name to the name of the service that it is an alias of, for this client alone. */
  readonly links: ReadonlyMap<string, string>;
}

/** A container's own search entries beyond this number are not looked at. */
const maxOwnSuffixes = 16;
const noLinks: ReadonlyMap<string, string> = new Map();

/** The view of a client by its source address; a client without a local container sees the zone's own suffix only. */
export function viewOf(index: NameIndex, source: Ipv4): View {
  const container = index.clientAt(source);
  const zone = index.zone;
  if (!container) return { suffixes: [zone], links: noLinks };
  const services = index.servicesOf(container.id);
  const stack = services[0]?.stackName ?? container.stackName;
  const service = services[0] ? groupOf(services[0]) : container.serviceName;
  const derived = stack ? [joinName(stack, zone), service ? joinName(service, stack, zone) : undefined, zone] : [zone];
  const own = container.dnsSearch.slice(0, maxOwnSuffixes).map((text) => parseName(text));
  const suffixes = new Set([...derived, ...own].filter((suffix) => suffix !== undefined && suffix !== ''));
  return { suffixes: [...suffixes] as string[], links: linksOf(services, zone) };
}

/** Siblings of a sidekick are found under the primary's name. */
function groupOf(service: ServiceObject): string {
  return isSidekick(service) ? service.primaryServiceName : service.name;
}

function linksOf(services: readonly ServiceObject[], zone: string): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  for (const service of services) {
    for (const [key, alias] of Object.entries(service.links)) {
      const target = linkTarget(key, zone);
      if (!target || alias === '' || alias.toLowerCase() === key.toLowerCase()) continue;
      for (const name of [joinName(alias, zone), joinName(alias, target.stack, zone)]) {
        if (name !== undefined && !links.has(name)) links.set(name, target.name);
      }
    }
  }
  return links;
}

/** The entry of a full name as this client sees it. A link whose target is gone hides nothing. */
export function seenAs(index: NameIndex, view: View, name: string): NameEntry | undefined {
  const target = view.links.get(name);
  const linked = target === undefined ? undefined : index.lookup(target);
  return linked ?? index.lookup(name);
}

/** The first entry that a name outside the zone leads to through the client's suffixes. */
export function search(index: NameIndex, view: View, name: string): NameEntry | undefined {
  if (name === '' || isInside(name, index.zone)) return undefined;
  for (const suffix of view.suffixes) {
    const entry = seenAs(index, view, `${name}.${suffix}`);
    if (entry?.searchable) return entry;
  }
  return undefined;
}
