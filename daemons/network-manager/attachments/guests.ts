// Pure: containers that have no interface of their own but belong to what Corral knows: those that live in an attached
// container's namespace, and those of a service that live in the host's. They are reported, and never touched.
import type { DockerContainer } from '../../shared/effects/docker/container.ts';
import { label } from '../../shared/model/labels.ts';
import type { ContainerRecord, Labels } from '../../shared/model/objects.ts';
import { liveOf } from './facts.ts';
import { labelWords } from './report.ts';
import { asksForUs } from './want-attachments.ts';

/** Where a guest lives: in the namespace of another container, or in the host's. */
export type Home = { readonly kind: 'container'; readonly target: string } | { readonly kind: 'host' };

/** The home of a container; undefined if it has a namespace of its own, or in the host's is nobody we know. */
export function homeOf(networkMode: string, labels: Labels): Home | undefined {
  const [, target] = /^container:(.+)$/.exec(networkMode) ?? [];
  if (target !== undefined) return { kind: 'container', target };
  return networkMode === 'host' && namesUs(labels) ? { kind: 'host' } : undefined;
}

const naming = [label.stackService, label.stackName, label.containerUuid, label.stack, label.service];

/** Compose's labels alone do not count: most of what they mark is none of ours. */
function namesUs(labels: Labels): boolean {
  return asksForUs(labels) || naming.some((name) => (labels[name] ?? '') !== '');
}

export interface Guest {
  readonly container: Pick<
    DockerContainer,
    'id' | 'name' | 'labels' | 'hostname' | 'createdAt' | 'restarts' | 'health' | 'dns' | 'dnsSearch'
  >;
  /** Engine's id of the container in whose namespace it lives; null: in the host's. */
  readonly parent: string | null;
}

/**
 * As Rancher told them: a guest of a container has no address of its own (`primary_ip` null, `network_from` set), one of the
 * host has the host's.
 */
export function guestRecord(
  { container, parent }: Guest,
  known: {
    readonly hostId: string;
    readonly id: string;
    readonly parentId: string | null;
    readonly agentIp: string | null;
  },
): ContainerRecord {
  return {
    kind: 'container',
    id: known.id,
    name: container.name.slice(0, 255),
    externalId: container.id,
    hostId: known.hostId,
    network: null,
    ips: parent === null && known.agentIp !== null ? [known.agentIp] : [],
    mac: null,
    ports: [],
    ...labelWords(container.labels),
    state: 'running',
    health: liveOf(container).health,
    hostname: container.hostname || null,
    createdAt: container.createdAt,
    startCount: container.restarts + 1,
    dns: container.dns,
    dnsSearch: container.dnsSearch,
    networkFrom: known.parentId,
  };
}
