// Pure: the state of a lab as tables for people.
import { renderConditions } from '../cli/render-conditions.ts';
import { renderTable } from '../cli/render-table.ts';
import type { HostReport, LabReport } from './observe-lab.ts';
import { allReached, type Tried } from './tried.ts';

/** Everything that should be there is there, and reached. */
export function isWell({ hosts, store, tried, driver }: LabReport): boolean {
  const isHostWell = ({ state, isCut }: HostReport): boolean => ['ready', 'degraded'].includes(state) && !isCut;
  return (
    hosts.every(isHostWell) &&
    ['up', null].includes(store.state) &&
    allReached(tried, store.kind === 'etcd' && driver !== 'none')
  );
}

export function renderLab(report: LabReport): string {
  const { name, hosts, driver, store, tried } = report;
  const kept = store.kind === 'etcd' ? `etcd (${store.state})` : 'SQLite on each host';
  const head = `lab ${name}: ${count(hosts.length, 'host')}, driver ${driver}, store ${kept}`;
  const parts = [[head], renderTable([hostHeader, ...hosts.map(hostRow)])];
  if (tried.containers.length > 0) parts.push(renderMatrix(tried), [renderNames(tried)]);
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
    host.containers.map(({ name, address }) => `${name} ${address ?? '-'}`).join(', ') || '-',
  ];
}

function renderMatrix({ containers, pings, outside }: Tried): string[] {
  const header = ['PING (ms)', ...containers.map(({ name }) => name), 'outside'];
  const rows = containers.map(({ host, name }, from) => [
    `${name} on ${host}`,
    ...containers.map((_, to) => renderTime(pings[from]![to]!)),
    renderTime(outside[from]!),
  ]);
  return renderTable([header, ...rows], 1);
}

function renderNames({ containers, names }: Tried): string {
  const right = names.flat().filter(Boolean).length;
  const wrong = containers.filter((_, at) => names[at]!.includes(false)).map(({ name, host }) => `${name} on ${host}`);
  const failing = wrong.length === 0 ? '' : `; missing in ${wrong.join(', ')}`;
  return `names: ${right} of ${names.flat().length} resolve (each container asks for each)${failing}`;
}

function renderTime(ms: number | null): string {
  return ms === null ? '-' : ms.toFixed(2);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
