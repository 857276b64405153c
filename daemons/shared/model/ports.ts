// Pure: published ports as text, `ip:hostPort:containerPort/proto` (Rancher's 2016-07-29 form).
import { parseIp, renderIp } from './ip.ts';

export const protocols = ['tcp', 'udp', 'sctp'] as const;
export type Protocol = (typeof protocols)[number];

export interface PublishedPort {
  /** Canonical, without brackets. */
  readonly ip: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: Protocol;
}

const form = /^(?:(\d[\d.]*|\[[\da-f:.]{2,45}\]):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp|sctp))?$/i;

/**
 * Parses `[ip:]hostPort:containerPort[/proto]`, an IPv6 address in brackets (`[::]:8080:80`); ip defaults to 0.0.0.0, proto to
 * tcp.
 */
export function parsePort(text: string): PublishedPort | undefined {
  const match = form.exec(text);
  if (!match) return undefined;
  const ip = parseIp(match[1]?.replace(/^\[|\]$/g, '') ?? '0.0.0.0');
  const hostPort = Number(match[2]);
  const containerPort = Number(match[3]);
  const protocol = protocols.find((one) => one === (match[4] ?? 'tcp'));
  if (ip === undefined || !protocol || !isPortNumber(hostPort) || !isPortNumber(containerPort)) return undefined;
  return { ip: renderIp(ip), hostPort, containerPort, protocol };
}

export function renderPort({ ip, hostPort, containerPort, protocol }: PublishedPort): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${hostPort}:${containerPort}/${protocol}`;
}

/** True for the canonical form only. */
export function isPortText(text: string): boolean {
  const port = parsePort(text);
  return port !== undefined && renderPort(port) === text;
}

function isPortNumber(value: number): boolean {
  return value >= 1 && value <= 65535;
}
