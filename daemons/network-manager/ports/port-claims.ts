// Pure: which host ports a container asks for. An item that cannot be read is counted and never keeps the others from being
// published.
import { bitsOf, type Family, familyOf, type Ip, parseIp, renderIp } from '../../shared/model/ip.ts';
import { label } from '../../shared/model/labels.ts';
import type { ContainerObject } from '../../shared/model/objects.ts';
import { type Protocol, type PublishedPort, parsePort } from '../../shared/model/ports.ts';

export interface PortClaim {
  readonly container: Pick<ContainerObject, 'id' | 'name' | 'createdAt' | 'externalId'>;
  readonly network: string;
  /** The container's network publishes nothing, but this container is allowed to. */
  readonly always: boolean;
  readonly family: Family;
  readonly protocol: Protocol;
  /** Address of the host that is published; see `isAny`. */
  readonly bind: Ip;
  readonly hostPort: number;
  readonly target: Ip;
  readonly targetPort: number;
  /** First port of the range whose rules share a chain, and that chain. */
  readonly first: number;
  readonly chain: string;
  /** `tcp/0.0.0.0:8080`, `tcp/[::]:8080`: what only one container can have. */
  readonly key: string;
  /** Without `-A CHAIN`. */
  readonly rule: string;
}

export interface ContainerClaims {
  readonly claims: readonly PortClaim[];
  readonly skipped: readonly string[];
}

export const portsPerChain = 64;

const none: ContainerClaims = { claims: [], skipped: [] };

/** True for 0.0.0.0 and `::`. */
export function isAny(ip: Ip): boolean {
  return ip === 0 || ip === 0n;
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`. */
export function renderEndpoint(ip: Ip, port: number): string {
  return typeof ip === 'number' ? `${renderIp(ip)}:${port}` : `[${renderIp(ip)}]:${port}`;
}

export function keyOfPort(protocol: Protocol, bind: Ip, hostPort: number): string {
  return `${protocol}/${renderEndpoint(bind, hostPort)}`;
}

/** A container that starts publishes before it is healthy, one that stops until it has stopped. */
export function claimsOf(container: ContainerObject): ContainerClaims {
  if (container.ports.length === 0 || container.state === 'stopped' || container.network === null) return none;
  const ips = container.ips.flatMap((text) => parseIp(text) ?? []);
  const targets = ([4, 6] as const).flatMap((family) => ips.find((ip) => familyOf(ip) === family) ?? []);
  if (targets.length === 0) return none;
  const claims: PortClaim[] = [];
  const skipped: string[] = [];
  for (const text of container.ports) {
    const found = claimsOfPort(container, container.network, targets, text);
    claims.push(...found);
    if (found.length === 0) skipped.push(text.slice(0, 80));
  }
  return { claims, skipped };
}

/** As Docker does it, 0.0.0.0 stands for any address of either family; `[::]` for any IPv6 address. */
function claimsOfPort(
  container: ContainerObject,
  network: string,
  targets: readonly Ip[],
  text: string,
): readonly PortClaim[] {
  const port = parsePort(text);
  const bind = port && parseIp(port.ip);
  if (!port || bind === undefined) return [];
  return targets.flatMap((target) => {
    if (familyOf(target) === familyOf(bind)) return [claimOf(container, network, target, bind, port)];
    return bind === 0 ? [claimOf(container, network, target, 0n as Ip, port)] : [];
  });
}

function claimOf(
  { id, name, createdAt, externalId, system, labels }: ContainerObject,
  network: string,
  target: Ip,
  bind: Ip,
  { protocol, hostPort, containerPort }: PublishedPort,
): PortClaim {
  const family = familyOf(target);
  const to = isAny(bind) ? '' : `-d ${renderIp(bind)}/${bitsOf(family)} `;
  const first = hostPort - (hostPort % portsPerChain);
  const translation = `DNAT --to-destination ${renderEndpoint(target, containerPort)}`;
  return {
    container: { id, name, createdAt, externalId },
    network,
    always: system && labels[label.hostPorts] === 'true',
    family,
    protocol,
    bind,
    hostPort,
    target,
    targetPort: containerPort,
    first,
    chain: `CATTLE_HOSTPORTS_${protocol.toUpperCase()}_${first}`,
    key: keyOfPort(protocol, bind, hostPort),
    rule: `${to}-p ${protocol} -m ${protocol} --dport ${hostPort} -j ${translation}`,
  };
}
