// Pure: where things lie in the cluster's store. Each host writes below its own prefixes, so that etcd's roles can hold it to
// them. Only `alive` has a lease.
import { parseCidr4, parseIpv4 } from '../../shared/model/ipv4.ts';
import { isNetworkName } from '../../shared/model/networks.ts';
import { isUuid } from '../../shared/model/uuid.ts';

export const root = '/corral/v1/';
export const clusterKey = `${root}cluster`;

export const sections = ['stacks', 'services', 'hosts', 'containers'] as const;
export type Section = (typeof sections)[number];

/** What a key is about. */
export type Place =
  | { readonly at: 'cluster' }
  | { readonly at: 'info'; readonly host: string }
  | { readonly at: 'tunnel'; readonly host: string }
  | { readonly at: 'container'; readonly host: string; readonly id: string }
  | { readonly at: 'alive'; readonly host: string }
  | { readonly at: 'block'; readonly network: string; readonly cidr: string }
  | { readonly at: 'address'; readonly network: string; readonly ip: string }
  | { readonly at: 'network'; readonly name: string }
  | { readonly at: 'declared'; readonly section: Section; readonly name: string };

export function renderKey(place: Place): string {
  switch (place.at) {
    case 'cluster':
      return clusterKey;
    case 'info':
      return `${hostPrefix(place.host)}info`;
    case 'tunnel':
      return `${hostPrefix(place.host)}tunnel`;
    case 'container':
      return `${hostPrefix(place.host)}containers/${place.id}`;
    case 'alive':
      return `${root}alive/${place.host}`;
    case 'block':
      return `${root}blocks/${place.network}/${place.cidr}`;
    case 'address':
      return `${root}addresses/${place.network}/${place.ip}`;
    case 'network':
      return `${root}networks/${place.name}`;
    case 'declared':
      return `${root}declared/${place.section}/${place.name}`;
    default: {
      const never: never = place;
      return never;
    }
  }
}

export function hostPrefix(host: string): string {
  return `${root}hosts/${host}/`;
}

const leases = `${root}alive/`;

/** True for a change that tells whether a host is there: its lease, or its info. */
export function isAboutHosts(event: { readonly put: { readonly key: string } } | { readonly drop: string }): boolean {
  const key = 'put' in event ? event.put.key : event.drop;
  return key.startsWith(leases) || key.endsWith('/info');
}

/** The place of a key, undefined for one that is not well-formed or of a later version. */
export function parseKey(key: string): Place | undefined {
  if (key === clusterKey) return { at: 'cluster' };
  if (!key.startsWith(root)) return undefined;
  const [kind, first = '', ...others] = key.slice(root.length).split('/');
  const rest = others.join('/');
  switch (kind) {
    case 'hosts':
      return isUuid(first) ? ofHost(first, rest) : undefined;
    case 'alive':
      return isUuid(first) && rest === '' ? { at: 'alive', host: first } : undefined;
    case 'blocks':
      return isNetworkName(first) && parseCidr4(rest) ? { at: 'block', network: first, cidr: rest } : undefined;
    case 'addresses':
      return isNetworkName(first) && parseIpv4(rest) !== undefined
        ? { at: 'address', network: first, ip: rest }
        : undefined;
    case 'networks':
      return isNetworkName(first) && rest === '' ? { at: 'network', name: first } : undefined;
    case 'declared': {
      const section = sections.find((name) => name === first);
      return section && rest !== '' && rest.length <= 1_024 ? { at: 'declared', section, name: rest } : undefined;
    }
    default:
      return undefined;
  }
}

function ofHost(host: string, rest: string): Place | undefined {
  if (rest === 'info' || rest === 'tunnel') return { at: rest, host };
  const id = rest.startsWith('containers/') ? rest.slice('containers/'.length) : '';
  return isUuid(id) ? { at: 'container', host, id } : undefined;
}
