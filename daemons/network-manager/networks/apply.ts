// Carries out the steps of the networks keeper, in their order. A network whose step fails is left there; others go on.
import { rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { kernelIp } from '../../../cni-plugins/bridge/kernel-ip.ts';
import { ensureDir, errnoOf, removeFile, writeAtomic } from '../../shared/effects/files.ts';
import { type IpRange, type Netlink, PROTO_CORRAL } from '../../shared/effects/netlink.ts';
import { ensureSysctl, readSysctl } from '../../shared/effects/sysctl.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { acceptPath, forwarding6Path, forwardingPath } from '../../shared/model/host-settings.ts';
import type { Cidr } from '../../shared/model/ip.ts';
import type { HostRecords } from './host-records.ts';
import { unreachableMetric } from './plan-network.ts';
import { type DropStep, describeStep, type HostStep, networkOfStep, type PortStep, type Step } from './steps.ts';

export type HostWrites = Pick<
  Netlink,
  | 'getLink'
  | 'listLinks'
  | 'ensureBridge'
  | 'ensureLink'
  | 'ensureAddress'
  | 'ensureRoute'
  | 'dropAddress'
  | 'dropLink'
  | 'dropRoute'
>;

export interface Outcome {
  readonly done: readonly Step[];
  readonly failed: readonly { readonly step: Step; readonly error: unknown }[];
}

export interface Hands {
  readonly netlink: HostWrites;
  readonly connectPort: (step: PortStep) => Promise<void>;
  /** Waited for once, before the first file tells the CNI plugins of a network. */
  readonly beforeFiles: () => Promise<void>;
  /** Told before a setting of the host is changed. */
  readonly records: HostRecords;
}

export async function applySteps(steps: readonly Step[], hands: Hands): Promise<Outcome> {
  let mayPublish = false;
  const done: Step[] = [];
  const failed: { step: Step; error: unknown }[] = [];
  const broken = new Set<string>();
  for (const step of steps) {
    const network = networkOfStep(step);
    if (network !== undefined && broken.has(network)) continue;
    if (step.do === 'file' && !mayPublish) {
      await hands.beforeFiles();
      mayPublish = true;
    }
    try {
      await applyStep(step, hands);
      done.push(step);
    } catch (error) {
      failed.push({ step, error });
      if (network !== undefined) broken.add(network);
    }
  }
  return { done, failed };
}

async function applyStep(step: Step, { netlink, connectPort, records }: Hands): Promise<void> {
  switch (step.do) {
    case 'forwarding':
    case 'forwarding6':
      forward(step, records);
      return;
    case 'unreachable':
      await netlink.ensureRoute({ dst: rangeOf(step.subnet), type: 'unreachable', metric: unreachableMetric });
      return;
    case 'bridge':
      // The MTU afterwards: the kernel keeps one that was set, but lowers one that came with the creation to its ports'.
      await netlink.ensureBridge(step.name, { mac: step.mac, up: true, alias: step.alias });
      await netlink.ensureLink(step.name, { mtu: step.mtu });
      return;
    case 'sysctl':
      ensureBridgeSysctl(step.path, step.value);
      return;
    case 'address':
      await netlink.ensureAddress({
        index: await indexOf(step.bridge, netlink),
        address: kernelIp(step.address),
        prefix: step.prefix,
      });
      return;
    case 'block-route':
      await netlink.ensureRoute({ dst: rangeOf(step.cidr), index: await indexOf(step.bridge, netlink) });
      return;
    case 'port':
      await connectPort(step);
      return;
    case 'file':
      ensureDir(dirname(step.path), step.folderMode);
      writeAtomic(step.path, step.body);
      return;
    default:
      await applyDrop(step, netlink);
  }
}

async function applyDrop(step: DropStep, netlink: HostWrites): Promise<void> {
  switch (step.do) {
    case 'drop-file':
      dropFile(step.path);
      return;
    case 'drop-address':
      await netlink.dropAddress({ ...step, address: kernelIp(step.address) });
      return;
    case 'drop-bridge':
      await dropBridge(step.index, step.name, netlink);
      return;
    case 'drop-route':
      await netlink.dropRoute({ dst: rangeOf(step.dst), metric: step.metric, type: step.type, protocol: PROTO_CORRAL });
      return;
    default: {
      const never: never = step;
      throw new SuiteError('INTERNAL', `carry out ${describeStep(never)}`);
    }
  }
}

function forward(step: HostStep, records: HostRecords): void {
  if (step.do === 'forwarding') {
    change(forwardingPath, '1', () => records.forwarding(4));
    return;
  }
  // First: a default route that is lost comes back only with the router's next word.
  for (const device of step.uplinks) change(acceptPath(device), '2', () => records.accept(device));
  change(forwarding6Path, '1', () => records.forwarding(6));
}

function change(path: string, value: string, note: () => void): void {
  if (readSysctl(path) === value) return;
  note();
  ensureSysctl(path, value);
}

function rangeOf({ base, prefix }: Cidr): IpRange {
  return { base: kernelIp(base), prefix };
}

async function indexOf(bridge: string, netlink: HostWrites): Promise<number> {
  const link = await netlink.getLink(bridge);
  if (!link) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `look up ${bridge}: it went meanwhile`);
  return link.index;
}

/** A kernel without IPv6 has no such setting, and nothing that it would guard against. */
function ensureBridgeSysctl(path: string, value: string): void {
  try {
    ensureSysctl(path, value);
  } catch (error) {
    if (!hasCode(error, 'FILE_UNREADABLE') || errnoOf(error.cause) !== 'ENOENT') throw error;
  }
}

/** Looks again before it deletes: a container may have been attached since the plan was made. */
async function dropBridge(index: number, name: string, netlink: HostWrites): Promise<void> {
  const ports = await netlink.listLinks({ master: index });
  if (ports.length > 0)
    throw new SuiteError('SUBNET_IN_USE', `remove bridge ${name}: it has ${ports.length} ports again`);
  await netlink.dropLink(index);
}

/** With the file goes its folder, if nothing else is in it. */
function dropFile(path: string): void {
  removeFile(path);
  if (!path.endsWith('.conflist')) return;
  try {
    rmdirSync(dirname(path));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOTEMPTY' && errno !== 'ENOENT' && errno !== 'EEXIST') throw error;
  }
}
