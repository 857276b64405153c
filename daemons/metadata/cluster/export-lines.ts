// Pure: the text form of a store: a header line, then a line for each key. Leases and secrets are in none.
import { SuiteError } from '../../shared/model/errors.ts';
import { isUuid } from '../../shared/model/uuid.ts';
import { type Place, parseKey, root } from './keys.ts';
import { parseValue } from './parse-value.ts';

export interface ExportHeader {
  readonly clusterId: string;
  readonly hostId: string;
}

export const exportFormat = 1;

export function renderHeader({ clusterId, hostId }: ExportHeader): string {
  return `${JSON.stringify({ corral: 'export', format: exportFormat, clusterId, hostId })}\n`;
}

/** Undefined for what belongs into no export: leases, the cluster's own key, what is not well-formed. */
export function renderEntry(key: string, value: string): string | undefined {
  try {
    return isExported(parseKey(key))
      ? `${JSON.stringify({ key: key.slice(root.length), value: JSON.parse(value) })}\n`
      : undefined;
  } catch {
    return undefined;
  }
}

/** Throws USAGE for anything but the first line of an export. */
export function parseHeader(line: string): ExportHeader {
  const { corral, format, clusterId, hostId } = fieldsOf(line) ?? {};
  if (corral !== 'export') throw new SuiteError('USAGE', 'import what is no export of a store');
  if (format !== exportFormat) {
    throw new SuiteError('USAGE', `import an export of format ${String(format)}`, {
      hint: 'use the version that wrote it',
    });
  }
  if (!isId(clusterId) || !isId(hostId)) throw new SuiteError('USAGE', 'import an export without its ids');
  return { clusterId, hostId };
}

/** Key and value; undefined for a line that is refused. */
export function parseEntry(line: string): readonly [string, string] | undefined {
  const { key, value } = fieldsOf(line) ?? {};
  const full = `${root}${String(key)}`;
  const place = parseKey(full);
  if (!isExported(place)) return undefined;
  const text = JSON.stringify(value);
  try {
    parseValue(place, text);
    return [full, text];
  } catch {
    return undefined;
  }
}

/** Keys of tunnels are their host's alone: it writes them wherever it is a member. */
function isExported(place: Place | undefined): place is Exclude<Place, { at: 'cluster' | 'alive' | 'tunnel' }> {
  return place !== undefined && place.at !== 'cluster' && place.at !== 'alive' && place.at !== 'tunnel';
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && isUuid(value);
}
