// Pure: a lease as the container record that metadata gets.
import { type Lease, leaseIps } from '../../../cni-plugins/ipam/lease.ts';
import { label } from '../../shared/model/labels.ts';
import type { ContainerRecord, Labels } from '../../shared/model/objects.ts';
import { isUuid, uuidOfName } from '../../shared/model/uuid.ts';
import { factsIn, type Live } from './facts.ts';

/** The namespace of derived container ids, made once for all hosts. */
const containerNamespace = '6f1f7a1e-6a2c-4b0c-9c1e-6d1f5f0c7b42';

/** Labels beyond this would have the record refused. */
const maxLabels = 512;

/** The id for the attachment of a container: equal after each restart of the daemon, and of the container. */
export function derivedId(lease: Pick<Lease, 'containerId' | 'ifname'>, hostId: string): string {
  return uuidOfName(containerNamespace, `${hostId}/${lease.containerId}/${lease.ifname}`);
}

/** Rancher's uuid label if it holds one, else the derived id. */
export function recordId(lease: Lease, hostId: string): string {
  const told = lease.attachment.containerUuid ?? uuidLabel(lease.attachment.labels);
  return lease.ifname === 'eth0' && isUuid(told) ? told : derivedId(lease, hostId);
}

/** The same for a container without an interface of its own. */
export function guestId(containerId: string, labels: Labels, hostId: string): { told: string; derived: string } {
  const derived = derivedId({ containerId, ifname: 'eth0' }, hostId);
  const told = uuidLabel(labels);
  return { told: isUuid(told) ? told : derived, derived };
}

function uuidLabel(labels: Labels): string {
  return labels[label.containerUuid] ?? '';
}

export function recordOf(
  lease: Lease,
  known: { readonly hostId: string; readonly id: string; readonly live: Live | undefined },
): ContainerRecord {
  const { attachment } = lease;
  const facts = factsIn(lease.config);
  const { labels, system } = labelWords(attachment.labels);
  return {
    kind: 'container',
    id: known.id,
    name: ((!facts.named && known.live?.name) || attachment.name).slice(0, 255),
    externalId: attachment.externalId,
    hostId: known.hostId,
    network: lease.network,
    // The first is the primary one, which older clients expect to be IPv4.
    ips: leaseIps(lease).toSorted((a, b) => Number(a.includes(':')) - Number(b.includes(':'))),
    // Plugins of others may not tell it.
    mac: lease.mac || null,
    ports: attachment.ports,
    labels,
    state: 'running',
    health: known.live?.health ?? null,
    hostname: attachment.hostname,
    createdAt: facts.createdAt || lease.createdAt,
    startCount: facts.startCount || 1,
    dns: facts.dns,
    dnsSearch: facts.dnsSearch,
    ...(Object.keys(facts.links).length > 0 && { links: facts.links }),
    networkFrom: null,
    system,
  };
}

/** What a record says of a container by its labels. */
export function labelWords(labels: Labels): Pick<ContainerRecord, 'labels' | 'system'> {
  return { labels: bounded(labels), system: !['', 'false'].includes(labels[label.system] ?? '') };
}

/** Our labels and Rancher's first, if there are more than a record may hold. */
function bounded(labels: Labels): Labels {
  const entries = Object.entries(labels);
  if (entries.length <= maxLabels) return labels;
  const meant = Object.values<string>(label);
  const sorted = entries.sort(([a], [b]) => Number(meant.includes(b)) - Number(meant.includes(a)));
  return Object.fromEntries(sorted.slice(0, maxLabels));
}
