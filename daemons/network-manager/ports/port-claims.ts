// Pure: which host ports a container asks for. An item that cannot be read is counted and never keeps the others from being
// published.
import { type Ipv4, parseIpv4, renderIpv4 } from '../../shared/model/ipv4.ts';
import { label } from '../../shared/model/labels.ts';
import type { ContainerObject } from '../../shared/model/objects.ts';
import { type Protocol, parsePort } from '../../shared/model/ports.ts';

export interface PortClaim {
  readonly container: Pick<ContainerObject, 'id' | 'name' | 'createdAt'>;
  readonly network: string;
  /** The container's network publishes nothing, but this container is allowed to. */
  readonly always: boolean;
  readonly protocol: Protocol;
  /** Address of the host that is published; 0 is any. */
  readonly bind: Ipv4;
  readonly hostPort: number;
  readonly target: Ipv4;
  readonly targetPort: number;
  /** First port of the range whose rules share a chain, and that chain. */
  readonly first: number;
  readonly chain: string;
  /** `tcp/0.0.0.0:8080`: what only one container can have. */
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

/** A container that starts publishes before it is healthy, one that stops until it has stopped. */
export function claimsOf(container: ContainerObject): ContainerClaims {
  const target = container.ips.map(parseIpv4).find((ip) => ip !== undefined);
  if (container.ports.length === 0 || container.state === 'stopped') return none;
  if (container.network === null || target === undefined) return none;
  const claims: PortClaim[] = [];
  const skipped: string[] = [];
  for (const text of container.ports) {
    const claim = claimOf(container, container.network, target, text);
    if (claim) claims.push(claim);
    else skipped.push(text.slice(0, 80));
  }
  return { claims, skipped };
}

function claimOf(container: ContainerObject, network: string, target: Ipv4, text: string): PortClaim | undefined {
  const port = parsePort(text);
  const bind = port && parseIpv4(port.ip);
  if (!port || bind === undefined) return undefined;
  const { protocol, hostPort, containerPort } = port;
  const to = bind === 0 ? '' : `-d ${renderIpv4(bind)}/32 `;
  const { id, name, createdAt } = container;
  const first = hostPort - (hostPort % portsPerChain);
  return {
    container: { id, name, createdAt },
    network,
    always: container.system && container.labels[label.hostPorts] === 'true',
    protocol,
    bind,
    hostPort,
    target,
    targetPort: containerPort,
    first,
    chain: `CATTLE_HOSTPORTS_${protocol.toUpperCase()}_${first}`,
    key: `${protocol}/${renderIpv4(bind)}:${hostPort}`,
    rule: `${to}-p ${protocol} -m ${protocol} --dport ${hostPort} -j DNAT --to-destination ${renderIpv4(target)}:${containerPort}`,
  };
}
