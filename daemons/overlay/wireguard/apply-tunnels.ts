// Carries out the driver's steps in their order. Neighbouring changes of one device's peers travel together. What fails leaves
// out the rest of its device's steps, and no other's.
import { errnoOf } from '../../shared/effects/files.ts';
import type { PeerChange, Wireguard } from '../../shared/effects/netlink/wireguard.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { PROTO_CORRAL } from '../../shared/effects/netlink.ts';
import { ensureSysctl } from '../../shared/effects/sysctl.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import type { KeyPair } from '../keys/key-pair.ts';
import { describeStep } from './describe-step.ts';
import type { TunnelStep } from './tunnel-state.ts';

export type TunnelWrites = Pick<Netlink, 'getLink' | 'setLink' | 'dropLink' | 'setRoute' | 'dropRoute'>;

export interface TunnelKernel {
  readonly netlink: TunnelWrites;
  readonly wireguard: Pick<Wireguard, 'createDevice' | 'setDevice' | 'setPeers'>;
  /** Default: writes below /proc/sys. */
  readonly setSysctl?: (path: string, value: string) => void;
}

export interface Applied {
  readonly done: readonly TunnelStep[];
  readonly failed: readonly { readonly step: TunnelStep; readonly error: unknown }[];
}

type PeerStep = Extract<TunnelStep, { do: 'peer' | 'drop-peer' }>;

/** @param own the pairs of this host, of which steps name the public halves */
export async function applyTunnels(
  steps: readonly TunnelStep[],
  kernel: TunnelKernel,
  own: readonly KeyPair[],
): Promise<Applied> {
  const done: TunnelStep[] = [];
  const failed: { step: TunnelStep; error: unknown }[] = [];
  const broken = new Set<string>();
  for (const group of inGroups(steps)) {
    const [first] = group;
    if (!first || broken.has(first.device)) continue;
    try {
      if (isPeerStep(first)) await kernel.wireguard.setPeers(first.device, (group as PeerStep[]).map(changeOf));
      else await applyOne(first, kernel, own);
      done.push(...group);
    } catch (error) {
      failed.push({ step: first, error });
      if (first.do !== 'sysctl') broken.add(first.device);
    }
  }
  return { done, failed };
}

function isPeerStep(step: TunnelStep): step is PeerStep {
  return step.do === 'peer' || step.do === 'drop-peer';
}

function inGroups(steps: readonly TunnelStep[]): TunnelStep[][] {
  const groups: TunnelStep[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last?.[0] && isPeerStep(step) && isPeerStep(last[0]) && last[0].device === step.device) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

function changeOf(step: PeerStep): PeerChange {
  if (step.do === 'drop-peer') return { publicKey: step.publicKey, remove: true };
  const { do: _, device: __, ...change } = step;
  return change;
}

async function applyOne(
  step: Exclude<TunnelStep, PeerStep>,
  { netlink, wireguard, setSysctl = ensureSetting }: TunnelKernel,
  own: readonly KeyPair[],
): Promise<void> {
  const { device } = step;
  switch (step.do) {
    case 'create':
      await wireguard.createDevice(device, step.mtu);
      return netlink.setLink(device, { alias: step.alias });
    case 'alter':
      return netlink.setLink(device, step.changes);
    case 'configure': {
      const pair = own.find(({ publicKey }) => publicKey === step.publicKey);
      const change = {
        ...(pair ? { privateKey: pair.privateRaw() } : {}),
        ...(step.port === undefined ? {} : { port: step.port }),
      };
      return wireguard.setDevice(device, change);
    }
    case 'sysctl':
      return setSysctl(step.path, step.value);
    case 'route': {
      const link = await netlink.getLink(device);
      if (!link) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `${describeStep(step)}: there is no device`);
      return netlink.setRoute({ ...step.route, index: link.index });
    }
    case 'drop-route': {
      const { dst, metric } = step.route;
      const key = { dst, type: 'unicast' as const, protocol: PROTO_CORRAL };
      await netlink.dropRoute(metric === undefined ? key : { ...key, metric });
      return;
    }
    case 'drop-device':
      await netlink.dropLink(step.index);
      return;
    default: {
      const never: never = step;
      throw new SuiteError('INTERNAL', `carry out ${String(never)}`);
    }
  }
}

/** A kernel without IPv6 has no such setting. */
function ensureSetting(path: string, value: string): void {
  try {
    ensureSysctl(path, value);
  } catch (error) {
    if (!hasCode(error, 'FILE_UNREADABLE') || errnoOf(error.cause) !== 'ENOENT') throw error;
  }
}
