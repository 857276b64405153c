// Keeps the name files of a container: its resolver before it is attached, its own name as soon as it has an address.
import type { DockerContainer } from '../../shared/effects/docker.ts';
import { label } from '../../shared/model/labels.ts';
import { renderHosts } from './hosts-file.ts';
import { rewrite } from './name-files.ts';
import { renderResolvConf } from './resolv-conf.ts';
import { wantSearch } from './search-domains.ts';

export interface NameSettings {
  readonly nameserver: string;
  readonly zone: string;
}

/** What the files are to hold (of `dns` the first alone), and what the container's record tells; undefined when a label keeps us out, or nobody asked. */
export interface NameWish {
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly last: boolean;
}

/** Label `io.rancher.container.dns`: `false` never, `true` always, otherwise when the container is attached. */
export function wantNames(container: DockerContainer, attached: boolean, settings: NameSettings): NameWish | undefined {
  const told = container.labels[label.dns];
  if (told === 'false' || (told !== 'true' && !attached)) return undefined;
  const { domains, last } = wantSearch(container.labels, container.dnsSearch, settings.zone);
  // The engine's list (`--dns`) is asked by our service on the container's behalf.
  const dns = [...new Set([settings.nameserver, ...container.dns])];
  return { dns, dnsSearch: domains, last };
}

/** @param former our address of the other family, which may stand there from before */
export function rewriteResolver(container: DockerContainer, wish: NameWish, former?: string): boolean {
  const [nameserver] = wish.dns;
  if (nameserver === undefined) return false;
  const search = { domains: wish.dnsSearch, last: wish.last };
  return rewrite(container.resolvConfPath, (have) => renderResolvConf(have, { nameserver, former, search }));
}

/** `address` without prefix. */
export function rewriteHosts(container: DockerContainer, address: string): boolean {
  const { hostname, domainname } = container;
  if (hostname === '') return false;
  const names = domainname === '' ? [hostname] : [`${hostname}.${domainname}`, hostname];
  return rewrite(container.hostsPath, (have) => renderHosts(have, address, names));
}
