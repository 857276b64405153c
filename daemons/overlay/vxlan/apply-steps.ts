// Carries out the driver's steps in their order. Entries are sent together: the kernel takes them one by one in the order of
// sending, and refuses one without touching the next. A device that cannot be made leaves out its network's steps alone.
import { errnoOf } from '../../shared/effects/files.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { PROTO_CORRAL } from '../../shared/effects/netlink.ts';
import { ensureSysctl } from '../../shared/effects/sysctl.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { type DeviceStep, describeStep, type EntryStep, type Step } from './steps.ts';
import { ownAddress } from './vtep-state.ts';

export type VxlanWrites = Pick<
  Netlink,
  | 'getLink'
  | 'createVxlan'
  | 'changeVxlan'
  | 'setLink'
  | 'dropLink'
  | 'ensureAddress'
  | 'setFdb'
  | 'dropFdb'
  | 'setNeighbour'
  | 'dropNeighbour'
  | 'setRoute'
  | 'dropRoute'
>;

export interface Applied {
  readonly done: readonly Step[];
  readonly failed: readonly { readonly step: Step; readonly error: unknown }[];
}

/** @param indexes of the devices that exist, by name; those that are made are added to it */
export async function applySteps(
  steps: readonly Step[],
  netlink: VxlanWrites,
  indexes: Map<string, number>,
): Promise<Applied> {
  const done: Step[] = [];
  const failed: { step: Step; error: unknown }[] = [];
  const broken = new Set<string>();
  let sent: Promise<void>[] = [];
  const note = (step: Step, work: Promise<unknown>): Promise<void> =>
    work.then(
      () => void done.push(step),
      (error: unknown) => void failed.push({ step, error }),
    );
  for (const step of steps) {
    if (broken.has(step.device)) continue;
    if (isEntry(step)) {
      sent.push(note(step, applyEntry(step, indexes.get(step.device), netlink)));
      continue;
    }
    await Promise.all(sent);
    sent = [];
    const before = failed.length;
    await note(step, applyDevice(step, netlink, indexes));
    if (failed.length > before && step.do !== 'sysctl' && step.do !== 'address') broken.add(step.device);
  }
  await Promise.all(sent);
  return { done, failed };
}

function isEntry(step: Step): step is EntryStep {
  return !/^(sysctl|address|create|alter|retune|drop-device)$/.test(step.do);
}

async function applyDevice(step: DeviceStep, netlink: VxlanWrites, indexes: Map<string, number>): Promise<void> {
  switch (step.do) {
    case 'create': {
      const { name, vni, port, local, family, mac, mtu, alias } = step.want;
      if (step.instead !== undefined) await netlink.dropLink(step.instead);
      const options = { vni, port, family, mac, mtu, alias, up: true, ...(local === undefined ? {} : { local }) };
      await netlink.createVxlan(name, options);
      const made = await netlink.getLink(name);
      if (!made) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `look up ${name}: it went meanwhile`);
      indexes.set(name, made.index);
      return;
    }
    case 'alter':
      return netlink.setLink(step.index, step.changes);
    case 'retune':
      return netlink.changeVxlan(step.index, step.changes);
    case 'address': {
      const index = indexes.get(step.device);
      if (index === undefined)
        throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `${describeStep(step)}: there is no device`);
      await netlink.ensureAddress({ index, address: ownAddress, prefix: 32, scope: 'link', noPrefixRoute: true });
      return;
    }
    case 'sysctl':
      return ensureSetting(step.path, step.value);
    case 'drop-device':
      await netlink.dropLink(step.index);
      return;
    default: {
      const never: never = step;
      throw new SuiteError('INTERNAL', `carry out ${describeStep(never)}`);
    }
  }
}

async function applyEntry(step: EntryStep, index: number | undefined, netlink: VxlanWrites): Promise<void> {
  if (step.do === 'drop-route') {
    const { dst, metric } = step;
    const key = { dst, type: 'unicast' as const, protocol: PROTO_CORRAL };
    await netlink.dropRoute(metric === undefined ? key : { ...key, metric });
    return;
  }
  if (index === undefined) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `${describeStep(step)}: there is no device`);
  switch (step.do) {
    case 'fdb':
      return netlink.setFdb({ index, mac: step.mac, dst: step.dst });
    case 'neighbour':
      return netlink.setNeighbour({ index, address: step.address, mac: step.mac });
    case 'route': {
      const { dst, via, src, mtu, direct } = step.route;
      return netlink.setRoute({
        dst,
        via,
        index: direct ?? index,
        ...(direct === undefined ? { onlink: true } : {}),
        ...(src === undefined ? {} : { src }),
        ...(mtu === undefined ? {} : { mtu }),
      });
    }
    case 'drop-neighbour':
      await netlink.dropNeighbour({ index, address: step.address });
      return;
    case 'drop-fdb':
      await netlink.dropFdb({ index, mac: step.mac, dst: step.dst });
      return;
    default: {
      const never: never = step;
      throw new SuiteError('INTERNAL', `carry out ${describeStep(never)}`);
    }
  }
}

/** A kernel without IPv6 has no such setting. */
async function ensureSetting(path: string, value: string): Promise<void> {
  try {
    ensureSysctl(path, value);
  } catch (error) {
    if (!hasCode(error, 'FILE_UNREADABLE') || errnoOf(error.cause) !== 'ENOENT') throw error;
  }
}
