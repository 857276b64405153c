// Pure: the lease of an attachment, which is the attachment's record: who has which address, and all that is needed to
// check it, report it and take it down again.
import { parseInterface, renderInterface } from '../../daemons/shared/model/ip.ts';
import { isNetworkName } from '../../daemons/shared/model/networks.ts';
import { isPortText } from '../../daemons/shared/model/ports.ts';
import { countOf, isObject, type JsonObject, textMapOf, textOf, textsOf } from '../shared/json.ts';
import { isContainerId, isIfname } from '../shared/names.ts';
import { parseResult } from '../shared/parse-result.ts';
import type { CniResult } from '../shared/result.ts';

export const leaseVersion = 1;

export const engines = ['docker', 'cni', 'attach'] as const;
export type Engine = (typeof engines)[number];

/** What is attached, as Corral reports it. Passed in `args.corral` by Corral itself, else derived from the request. */
export interface Attachment {
  readonly name: string;
  /** The engine's id of the container; null for a bare namespace. */
  readonly externalId: string | null;
  readonly engine: Engine;
  readonly labels: Readonly<Record<string, string>>;
  /** Canonical `ip:hostPort:containerPort/proto`. */
  readonly ports: readonly string[];
  readonly hostname: string | null;
  readonly containerUuid: string | null;
}

export interface Lease {
  readonly version: typeof leaseVersion;
  /** `reserved` until the container is connected: such a lease found later was left by a killed ADD. */
  readonly phase: 'reserved' | 'done';
  readonly containerId: string;
  readonly ifname: string;
  readonly network: string;
  /** As the runtime named it (CNI_NETNS), in the runtime's own view of the file system. */
  readonly netnsPath: string;
  readonly netnsInode: number | null;
  readonly bootId: string;
  /** With prefix, `10.42.0.5/24`; the first is primary. */
  readonly addresses: readonly string[];
  readonly mac: string;
  /** null when another plugin makes the link and ours only gives the address. */
  readonly bridge: string | null;
  readonly hostVeth: string | null;
  /** The network configuration as it was used, without prevResult. */
  readonly config: JsonObject;
  /** CNI_ARGS. */
  readonly args: Readonly<Record<string, string>>;
  /** Empty while reserved. */
  readonly result: CniResult;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly attachment: Attachment;
  /** Directories in which the other IPAM plugin, which gave the addresses, was found; absent when ours gave them. */
  readonly delegatePath?: readonly string[];
  /** Its IPv4 address is claimed in the cluster too, since the network is flat. */
  readonly claimed?: true;
}

/** The addresses of a lease without prefix. */
export function leaseIps(lease: Lease): string[] {
  return lease.addresses.map((address) => address.slice(0, address.indexOf('/')));
}

export function renderLease(lease: Lease): string {
  return `${JSON.stringify(lease)}\n`;
}

/** Reads a lease file; undefined if it is damaged, or of a format that this program does not know. */
export function parseLease(text: string): Lease | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.version !== leaseVersion) return undefined;
  const result = parseResult(value.result);
  const attachment = parseAttachment(value.attachment);
  const addresses = textsOf(value.addresses, 16);
  const args = textMapOf(value.args);
  const wellFormed =
    (value.phase === 'reserved' || value.phase === 'done') &&
    isContainerId(value.containerId) &&
    isIfname(value.ifname) &&
    typeof value.network === 'string' &&
    isNetworkName(value.network) &&
    textOf(value.netnsPath, 4096) !== undefined &&
    (value.netnsInode === null || countOf(value.netnsInode) !== undefined) &&
    textOf(value.bootId) !== undefined &&
    textOf(value.mac) !== undefined &&
    isTextOrNull(value.bridge) &&
    isTextOrNull(value.hostVeth) &&
    isObject(value.config) &&
    countOf(value.createdAt) !== undefined &&
    addresses?.every(isInterfaceText) &&
    (value.claimed === undefined || value.claimed === true) &&
    (value.delegatePath === undefined || textsOf(value.delegatePath, 64) !== undefined);
  if (!wellFormed || !result || !attachment || !addresses || !args) return undefined;
  return { ...(value as unknown as Lease), addresses, args, result, attachment };
}

function parseAttachment(value: unknown): Attachment | undefined {
  if (!isObject(value)) return undefined;
  const labels = textMapOf(value.labels);
  const ports = textsOf(value.ports, 65536);
  const wellFormed =
    textOf(value.name) !== undefined &&
    isTextOrNull(value.externalId) &&
    engines.some((engine) => engine === value.engine) &&
    isTextOrNull(value.hostname) &&
    isTextOrNull(value.containerUuid);
  if (!wellFormed || !labels || !ports?.every(isPortText)) return undefined;
  return { ...(value as unknown as Attachment), labels, ports };
}

function isTextOrNull(value: unknown): boolean {
  return value === null || textOf(value) !== undefined;
}

/** Canonical text only, since the bare address names a file. */
function isInterfaceText(text: string): boolean {
  const parsed = parseInterface(text);
  return parsed !== undefined && renderInterface(parsed) === text;
}
