// Pure: the bodies of POST /v1/attach and /v1/detach, checked. They come from root on this host; names end up in metadata, DNS
// and rules, so what is malformed is refused, never repaired.
import { SuiteError } from '../../shared/model/errors.ts';
import { isNetworkName } from '../../shared/model/networks.ts';
import { parsePort, renderPort } from '../../shared/model/ports.ts';

export interface AttachRequest {
  /** Path of a namespace (it starts with `/`), or name or id of a container. */
  readonly target: string;
  readonly name: string | undefined;
  readonly network: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Canonical. */
  readonly publish: readonly string[];
}

/** What somebody asks for by hand, beyond the labels. */
export interface ManualWish {
  readonly network: string;
  readonly name: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
}

const maxLabels = 256;
const maxPublish = 1024;

/** Throws USAGE or NAME_INVALID naming the member. */
export function parseAttachRequest(body: unknown): AttachRequest {
  const fields = objectOf(body, ['target', 'name', 'network', 'labels', 'publish']);
  return {
    target: targetOf(fields.target),
    name: optional(fields.name, (name) => nameOf('name', name, isAttachmentName)),
    network: optional(fields.network, (name) => nameOf('network', name, isNetworkName)),
    labels: labelsOf(fields.labels ?? {}),
    publish: publishOf(fields.publish ?? []),
  };
}

export function parseDetachRequest(body: unknown): { target: string } {
  return { target: targetOf(objectOf(body, ['target']).target) };
}

/** A name by which DNS finds the container: the form of a container's name. */
export function isAttachmentName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(text);
}

function objectOf(body: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw usage('send a body that is no object');
  const unknown = Object.keys(body).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw usage(`send the member ${JSON.stringify(unknown.slice(0, 80))}`, `known: ${known.join(', ')}`);
  }
  return body as Record<string, unknown>;
}

function targetOf(value: unknown): string {
  const hint = 'an absolute path of a network namespace, or a container';
  if (typeof value !== 'string' || value === '' || value.length > 4096 || value.includes('\0')) {
    throw usage('attach or detach without a target', hint);
  }
  if (value.startsWith('/')) return value;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(value)) {
    throw new SuiteError('NAME_INVALID', `use the target ${JSON.stringify(value.slice(0, 80))}`, { hint });
  }
  return value;
}

function nameOf(member: string, value: unknown, isValid: (text: string) => boolean): string {
  if (typeof value === 'string' && isValid(value)) return value;
  throw new SuiteError('NAME_INVALID', `use the ${member} ${JSON.stringify(value)?.slice(0, 80)}`, {
    hint: 'letters, digits, _ . -, at most 63, starting with a letter or digit',
  });
}

function labelsOf(value: unknown): Record<string, string> {
  const entries =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
  if (!entries || entries.length > maxLabels) throw usage(`send labels that are no map of at most ${maxLabels} texts`);
  for (const [name, text] of entries) {
    if (!/^[!-~]{1,256}$/.test(name)) throw usage(`use the label name ${JSON.stringify(name.slice(0, 80))}`);
    if (typeof text !== 'string' || text.length > 4096 || text.includes('\0')) {
      throw usage(`use a value of the label ${name} that is no text of at most 4096 characters`);
    }
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function publishOf(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > maxPublish) throw usage(`publish no list of at most ${maxPublish} ports`);
  const ports = value.map((text: unknown) => {
    const port = typeof text === 'string' ? parsePort(text) : undefined;
    if (port) return renderPort(port);
    throw usage(`publish ${JSON.stringify(text)?.slice(0, 80)}`, '[ip:]hostPort:containerPort[/tcp|udp|sctp]');
  });
  return [...new Set(ports)].sort();
}

function optional<T>(value: unknown, parse: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : parse(value);
}

function usage(attempted: string, hint?: string): SuiteError {
  return new SuiteError('USAGE', attempted, hint === undefined ? {} : { hint });
}
