// Pure: the state of a lab as tables for people.
import { renderConditions } from '../cli/render-conditions.ts';
import { renderTable } from '../cli/render-table.ts';
import type { HostReport, LabReport } from './observe-lab.ts';
import { allReached, type Tried } from './tried.ts';

/** Everything that should be there is there, and reached. */
export function isWell({ hosts, store, tried, tried6, lackIpv6, driver }: LabReport): boolean {
  const areJoined = store.kind === 'etcd' && driver !== 'none';
  const isHostWell = ({ state, isCut }: HostReport): boolean => ['ready', 'degraded'].includes(state) && !isCut;
  return (
    hosts.every(isHostWell) &&
    ['up', null].includes(store.state) &&
    lackIpv6.length === 0 &&
    [tried, tried6].every((one) => one === null || allReached(one, areJoined))
  );
}

export function renderLab(report: LabReport): string {
  const { name, hosts, driver, store, tried, tried6, lackIpv6 } = report;
  const kept = store.kind === 'etcd' ? `etcd (${store.state})` : 'SQLite on each host';
  const head = `lab ${name}: ${count(hosts.length, 'host')}, driver ${driver}, store ${kept}`;
  const parts = [[head], renderTable([hostHeader, ...hosts.map(hostRow)])];
  if (tried.containers.length > 0) parts.push(...renderTried(tried, tried6 ? 'IPv4' : undefined));
  if (tried6) parts.push(...renderTried(tried6, 'IPv6'));
  if (lackIpv6.length > 0) parts.push([`no IPv6 address, though their networks have IPv6: ${lackIpv6.join(', ')}`]);
  const faults = hosts.flatMap((host) => host.daemons.flatMap(renderConditions).map((line) => `${host.name} ${line}`));
  if (faults.length > 0) parts.push(faults);
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

const hostHeader = ['HOST', 'ADDRESS', 'STATE', 'DAEMONS', 'MEMORY', 'KNOWS', 'CONTAINERS'];

function hostRow(host: HostReport): string[] {
  const daemons = host.daemons.filter(({ name }) => name !== 'supervisor');
  const memory = host.daemons.reduce((sum, { pss }) => sum + (pss ?? 0), 0);
  const known = host.known ? `${count(host.known.hosts, 'host')}, ${count(host.known.containers, 'container')}` : '-';
  return [
    host.name,
    host.address,
    host.isCut ? `${host.state}, cut off` : host.state,
    daemons.length === 0 ? '-' : `${daemons.filter(({ ready }) => ready).length} of ${daemons.length} ready`,
    memory === 0 ? '-' : `${Math.round(memory / 1e6)} MB`,
    known,
    host.containers.map(containerWords).join(', ') || '-',
  ];
}

function containerWords({ name, address, address6 }: HostReport['containers'][number]): string {
  return [name, address ?? '-', address6].filter((word) => word !== null).join(' ');
}

/** @param family only where there are two of them */
function renderTried(tried: Tried, family: string | undefined): string[][] {
  return [renderMatrix(tried, family), [renderNames(tried, family)]];
}

function renderMatrix({ containers, pings, outside }: Tried, family: string | undefined): string[] {
  const header = [
    family === undefined ? 'PING (ms)' : `PING ${family} (ms)`,
    ...containers.map(({ name }) => name),
    'outside',
  ];
  const rows = containers.map(({ host, name }, from) => [
    `${name} on ${host}`,
    ...containers.map((_, to) => renderTime(pings[from]![to]!)),
    renderTime(outside[from]!),
  ]);
  return renderTable([header, ...rows], 1);
}

function renderNames({ containers, names }: Tried, family: string | undefined): string {
  const right = names.flat().filter(Boolean).length;
  const wrong = containers.filter((_, at) => names[at]!.includes(false)).map(({ name, host }) => `${name} on ${host}`);
  const failing = wrong.length === 0 ? '' : `; missing in ${wrong.join(', ')}`;
  const what = family === undefined ? 'resolve' : `resolve to ${family}`;
  return `names: ${right} of ${names.flat().length} ${what} (each container asks for each)${failing}`;
}

function renderTime(ms: number | null): string {
  return ms === null ? '-' : ms.toFixed(2);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
