// Pure: the DNS domains in which a container's names are looked up, most specific first.
import { label } from '../../shared/model/labels.ts';
import type { Labels } from '../../shared/model/objects.ts';

export interface SearchWish {
  /** In their order, without duplicates. */
  readonly domains: readonly string[];
  /** Behind the domains that are there already. */
  readonly last: boolean;
}

/**
 * `service.stack.zone`, `stack.zone`, those of a label and the engine's own (`--dns-search`), and the zone. Priority `none`
 * leaves out the first three, `service_last` puts all behind the domains that the file has.
 */
export function wantSearch(labels: Labels, dnsSearch: readonly string[], zone: string): SearchWish {
  const priority = (labels[label.dnsPriority] ?? '').toLowerCase();
  const service = priority === 'none' ? [] : serviceDomains(labels, zone);
  const legacy = priority === 'none' ? [] : (labels[label.dnsSearch] ?? '').split(',').map((domain) => domain.trim());
  const own = [...legacy, ...dnsSearch].filter((domain) => isDomain(domain.toLowerCase()));
  return { domains: [...new Set([...service, ...own, zone])], last: priority === 'service_last' };
}

function serviceDomains(labels: Labels, zone: string): string[] {
  const names = stackAndService(labels);
  if (!names) return [];
  const [stack, service] = names;
  return [`${service}.${stack}.${zone}`, `${stack}.${zone}`].filter(isDomain);
}

/** Own labels first, then Rancher's `stack/service[/sidekick]`, then Compose's; lower case. */
function stackAndService(labels: Labels): [string, string] | undefined {
  const [rancherStack, rancherService] = (labels[label.stackService] ?? '').split('/');
  const pairs: [string | undefined, string | undefined][] = [
    [labels[label.stack], labels[label.service]],
    [rancherStack, rancherService],
    [labels[label.composeProject], labels[label.composeService]],
  ];
  for (const [stack, service] of pairs) if (stack && service) return [stack.toLowerCase(), service.toLowerCase()];
  return undefined;
}

/** What may stand in resolv.conf: labels come from strangers, and a blank would begin another word. */
function isDomain(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/.test(text);
}
