// Makes and corrects XFRM interfaces and the routes through them.
import { type Netlink, PROTO_CORRAL, type Route } from '../../shared/effects/netlink.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import { deviceSysctls } from '../device-settings.ts';
import { ensureSettings } from '../ensure-settings.ts';
import { describeXfrmStep, type HaveXfrm, planXfrm, type WantXfrm, type XfrmStep } from './xfrm-device.ts';

export type XfrmNetlink = Pick<
  Netlink,
  'listLinks' | 'getLink' | 'listRoutes' | 'setRoute' | 'dropRoute' | 'setLink' | 'dropLink' | 'createXfrm'
>;

export interface XfrmPass {
  readonly done: readonly string[];
  readonly failed: readonly { readonly text: string; readonly error: unknown }[];
  /** Of the wanted devices that exist. */
  readonly indexes: readonly number[];
}

export async function diffXfrm(netlink: XfrmNetlink, wants: readonly WantXfrm[], complete: boolean): Promise<string[]> {
  return (await plan(netlink, wants, complete)).steps.map(describeXfrmStep);
}

/** @throws SuiteError NETLINK_* if the kernel could not be read */
export async function keepXfrm(netlink: XfrmNetlink, wants: readonly WantXfrm[], complete: boolean): Promise<XfrmPass> {
  const { steps, devices } = await plan(netlink, wants, complete);
  const indexes = new Map(devices.map(({ name, index }) => [name, index]));
  const done: string[] = [];
  const failed: { text: string; error: unknown }[] = [];
  for (const step of steps) {
    const text = describeXfrmStep(step);
    try {
      await applyStep(netlink, step, indexes);
      done.push(text);
    } catch (error) {
      failed.push({ text, error });
    }
  }
  const names = wants.map(({ name }) => name).filter((name) => indexes.has(name));
  done.push(...names.flatMap((name) => ensureSettings(deviceSysctls(name, true))));
  return { done, failed, indexes: names.flatMap((name) => indexes.get(name) ?? []) };
}

async function plan(
  netlink: XfrmNetlink,
  wants: readonly WantXfrm[],
  complete: boolean,
): Promise<{ steps: XfrmStep[]; devices: readonly HaveXfrm[] }> {
  const [links, routes, routes6] = await Promise.all([
    netlink.listLinks(),
    netlink.listRoutes({ ours: true }),
    netlink.listRoutes({ ours: true, family: 6 }).catch((error: unknown): Route[] => {
      if (hasCode(error, 'NETLINK_REFUSED')) return []; // a kernel without IPv6
      throw error;
    }),
  ]);
  const names = new Set(wants.map(({ name }) => name));
  const devices = links.filter(({ kind, name }) => kind === 'xfrm' || names.has(name));
  return { steps: planXfrm(wants, devices, [...routes, ...routes6], complete), devices };
}

async function applyStep(netlink: XfrmNetlink, step: XfrmStep, indexes: Map<string, number>): Promise<void> {
  switch (step.do) {
    case 'create': {
      if (step.instead !== undefined) await netlink.dropLink(step.instead);
      const { name, ifId, mtu, alias } = step.want;
      await netlink.createXfrm(name, { ifId, mtu, alias });
      const made = await netlink.getLink(name);
      if (!made) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `look up ${name}: it went meanwhile`);
      indexes.set(name, made.index);
      return;
    }
    case 'alter':
      return netlink.setLink(step.index, step.changes);
    case 'route': {
      const index = indexes.get(step.name);
      if (index === undefined) throw new SuiteError('NETLINK_NO_SUCH_DEVICE', `route through ${step.name}`);
      return netlink.setRoute({ ...step.route, index });
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
      throw new SuiteError('INTERNAL', `carry out ${JSON.stringify(never)}`);
    }
  }
}
