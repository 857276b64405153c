// Pure: this host's public keys and whom it trusts, for people.
import { renderTable } from './render-table.ts';

/** As `GET /v1/keys` of overlay tells it. */
export interface KeyReport {
  readonly identity: string | null;
  readonly serial: number;
  /** By use: the key in use, then the announced one. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  readonly waitsFor: readonly string[];
  readonly hosts: readonly {
    readonly host: string;
    readonly identity: string;
    readonly trusted: boolean;
    readonly reason?: string;
  }[];
}

export function renderKeys({ identity, serial, keys, waitsFor, hosts }: KeyReport): string {
  if (identity === null) return 'no network has needed keys yet\n';
  const lines = [`identity ${identity}, serial ${serial}`];
  for (const [use, [current, next]] of Object.entries(keys)) {
    lines.push(`${use} ${current}${next === undefined ? '' : `, announced ${next}`}`);
  }
  if (waitsFor.length > 0) lines.push(`the announced keys wait for ${waitsFor.join(', ')}`);
  const rows = hosts.map((one) => [one.host, one.identity, one.trusted ? 'trusted' : `refused: ${one.reason ?? ''}`]);
  if (rows.length > 0) lines.push('', ...renderTable([['HOST', 'IDENTITY', 'STATE'], ...rows]));
  return `${lines.join('\n')}\n`;
}
