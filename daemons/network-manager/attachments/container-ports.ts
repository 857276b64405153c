// Pure: which ports a container publishes, from the engine's bindings and the label `corral.ports`.
import type { PortBinding } from '../../shared/effects/docker/container.ts';
import { label } from '../../shared/model/labels.ts';
import type { Labels } from '../../shared/model/objects.ts';
import { parsePort, renderPort } from '../../shared/model/ports.ts';

export interface ContainerPorts {
  /** Canonical, sorted, without duplicates. */
  readonly ports: readonly string[];
  /** As they were written; one that cannot be read never keeps the others from being published. */
  readonly skipped: readonly string[];
}

const maxPorts = 1024;

/** A binding without a fixed host port is skipped. */
export function wantPorts(bindings: readonly PortBinding[], labels: Labels): ContainerPorts {
  const texts = [
    ...bindings.map(({ hostIp, hostPort, port }) => `${addressOf(hostIp)}:${hostPort}:${port}`),
    ...(labels[label.ports] ?? '').split(/[\s,]+/).filter((text) => text !== ''),
  ];
  const ports = new Set<string>();
  const skipped: string[] = [];
  for (const text of texts) {
    const port = parsePort(text);
    if (port && ports.size < maxPorts) ports.add(renderPort(port));
    else skipped.push(text.slice(0, 80));
  }
  return { ports: [...ports].sort(), skipped };
}

function addressOf(hostIp: string): string {
  return hostIp.includes(':') ? `[${hostIp}]` : hostIp || '0.0.0.0';
}
