// Pure: the suite's state as a table for people.
import type { DaemonStatus, SuiteStatus } from '../describe-status.ts';
import { renderConditions } from './render-conditions.ts';
import { renderTable } from './render-table.ts';

const columns = ['DAEMON', 'STATE', 'PID', 'UPTIME', 'RESTARTS', 'MEMORY', 'CPU'] as const;

export function renderStatus(suite: SuiteStatus): string {
  const rows = [[...columns], ...suite.daemons.map(row)];
  const table = renderTable(rows);
  const wrong = suite.daemons.flatMap(renderConditions);
  return [...table, ...(wrong.length > 0 ? ['', ...wrong] : []), ''].join('\n');
}

function row(daemon: DaemonStatus): string[] {
  return [
    daemon.name,
    daemon.state,
    String(daemon.pid ?? '-'),
    daemon.uptime === null ? '-' : renderDuration(daemon.uptime),
    String(daemon.restarts),
    daemon.pss === null ? '-' : `${Math.round(daemon.pss / 1e6)} MB`,
    daemon.cpuPercent === null ? '-' : `${daemon.cpuPercent.toFixed(1)} %`,
  ];
}

/** The two largest units: `3d 4h`, `12m 5s`. */
export function renderDuration(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
