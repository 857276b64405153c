// Pure: published ports as text, `ip:hostPort:containerPort/proto` (Rancher's 2016-07-29 form).
import { parseIpv4 } from './ipv4.ts';

export const protocols = ['tcp', 'udp', 'sctp'] as const;
export type Protocol = (typeof protocols)[number];

export interface PublishedPort {
  readonly ip: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: Protocol;
}

/** Parses `[ip:]hostPort:containerPort[/proto]`; ip defaults to 0.0.0.0, proto to tcp. */
export function parsePort(text: string): PublishedPort | undefined {
  const match = /^(?:(\d[\d.]*):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (!match) return undefined;
  const ip = match[1] ?? '0.0.0.0';
  const hostPort = Number(match[2]);
  const containerPort = Number(match[3]);
  if (parseIpv4(ip) === undefined || !isPortNumber(hostPort) || !isPortNumber(containerPort)) return undefined;
  return { ip, hostPort, containerPort, protocol: (match[4] ?? 'tcp') as Protocol };
}

export function renderPort(port: PublishedPort): string {
  return `${port.ip}:${port.hostPort}:${port.containerPort}/${port.protocol}`;
}

/** True for the canonical form only. */
export function isPortText(text: string): boolean {
  const port = parsePort(text);
  return port !== undefined && renderPort(port) === text;
}

function isPortNumber(value: number): boolean {
  return value >= 1 && value <= 65535;
}
