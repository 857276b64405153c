// Pure: the two ways to put a container's attachment into words: the library's request, and the answer on our socket.
import type { AttachmentRef, CorralArgs, Lease } from '../../../cni-plugins/library.ts';
import type { DockerContainer } from '../../shared/effects/docker/container.ts';
import { label } from '../../shared/model/labels.ts';
import type { Labels } from '../../shared/model/objects.ts';
import type { Facts } from './facts.ts';

export interface AttachmentWish {
  readonly containerId: string;
  readonly netnsPath: string;
  readonly network: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly engine: 'docker' | 'attach';
  readonly labels: Labels;
  readonly ports: readonly string[];
  readonly hostname: string | null;
  readonly facts: Facts;
}

export const ifname = 'eth0';

/** A container of an engine, with the name that a person gave it, if one did. */
export function wishFor(
  container: DockerContainer,
  given: Pick<AttachmentWish, 'network' | 'ports' | 'facts'> & { readonly name: string | undefined },
): AttachmentWish {
  return {
    containerId: container.id,
    netnsPath: netnsPathOf(container.pid),
    network: given.network,
    name: given.name ?? container.name,
    externalId: container.id,
    engine: 'docker',
    labels: container.labels,
    ports: given.ports,
    hostname: container.hostname || null,
    facts: { ...given.facts, named: given.name !== undefined },
  };
}

export function netnsPathOf(pid: number): string {
  return `/proc/${pid}/ns/net`;
}

/** The library's ADD for a wish. */
export function refFor(wish: AttachmentWish): AttachmentRef {
  const { containerId, netnsPath, network, name, externalId, engine, labels, ports, hostname, facts } = wish;
  const requestedIp = labels[label.ip] || labels[label.annotatedIp] || labels[label.requestedIp];
  const requestedMac = labels[label.annotatedMac] || labels[label.requestedMac];
  const uuid = labels[label.containerUuid];
  const corral: CorralArgs & { facts: Facts } = {
    name,
    externalId,
    engine,
    labels,
    ports,
    hostname,
    containerUuid: uuid || null,
    ...(requestedIp && { requestedIp }),
    ...(requestedMac && { requestedMac }),
    facts,
  };
  const overhead = labels[label.linkMtuOverhead];
  return {
    containerId,
    ifname,
    netnsPath,
    args: overhead === undefined ? {} : { LinkMTUOverhead: overhead },
    config: {
      cniVersion: '1.1.0',
      name: network,
      type: 'corral-bridge',
      ipam: { type: 'corral-ipam' },
      args: { corral },
    },
  };
}

/**
 * The library's request for an attachment that exists: DEL leaves out the path, since a pid's may lead elsewhere by now,
 * and recognises everything by the lease.
 */
export function refOf(lease: Lease, netnsPath?: string): AttachmentRef {
  const { containerId, args, config } = lease;
  return { containerId, ifname: lease.ifname, args, config, ...(netnsPath !== undefined && { netnsPath }) };
}

/** An attachment as `POST /v1/attach` and `GET /v1/attachments` tell it. */
export interface AttachmentAnswer {
  /** The id of the container's record in metadata. */
  readonly id: string;
  readonly name: string;
  readonly containerId: string;
  readonly engine: string;
  readonly network: string;
  /** With prefix. */
  readonly address: string | null;
  readonly gateway: string | null;
  readonly mac: string;
  readonly ifname: string;
  readonly hostVeth: string | null;
  readonly bridge: string | null;
  readonly netns: string;
  readonly ports: readonly string[];
  readonly labels: Labels;
  readonly createdAt: number;
}

export function answerOf(lease: Lease, id: string, name: string): AttachmentAnswer {
  return {
    id,
    name,
    containerId: lease.containerId,
    engine: lease.attachment.engine,
    network: lease.network,
    address: lease.addresses[0] ?? null,
    gateway: lease.result.ips[0]?.gateway ?? null,
    mac: lease.mac,
    ifname: lease.ifname,
    hostVeth: lease.hostVeth,
    bridge: lease.bridge,
    netns: lease.netnsPath,
    ports: lease.attachment.ports,
    labels: lease.attachment.labels,
    createdAt: lease.createdAt,
  };
}
