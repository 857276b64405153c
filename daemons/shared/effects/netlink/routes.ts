// Routes of the main table, or of another one that is named.
import { hasCode, SuiteError } from '../../model/errors.ts';
import { nestedOf, Payload, readAttributes, u32Of } from './attributes.ts';
import { FAMILY, FLAG, RTA, RTAX_MTU, RTM, RTNH_F_ONLINK, SCOPE } from './constants.ts';
import { anyOf, familyOf, type Ip, type IpRange, ipBytes, ipFromBytes, renderIp } from './ip-bytes.ts';
import type { Transport } from './transport.ts';

/**
 * Marks Corral's routes (rtm_protocol, shown by `ip route` as `proto 143`). The kernel gives numbers from 5 up no
 * meaning; 143 is named neither in linux/rtnetlink.h nor in iproute2's rt_protos, while 42, the obvious one, is BABEL.
 */
export const PROTO_CORRAL = 143;

export const TABLE_MAIN = 254;

const TYPES = { unicast: 1, local: 2, broadcast: 3, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
export type RouteType = keyof typeof TYPES;

export interface Route {
  readonly dst: IpRange;
  /** Gateway. */
  readonly via?: Ip;
  /** Index of the device; absent for `unreachable` and the like. */
  readonly index?: number;
  /** Preferred source address. */
  readonly src?: Ip;
  /** Default 0 (IPv6: 1024). Routes that differ in metric stand side by side. */
  readonly metric?: number;
  /** Default the main table. */
  readonly table?: number;
  /** Default PROTO_CORRAL. */
  readonly protocol?: number;
  /** Default unicast. */
  readonly type?: RouteType;
  /** Take the gateway as reachable on the device, whatever its address. */
  readonly onlink?: boolean;
  readonly mtu?: number;
}

/** What tells a route from the others: the kernel keeps one for each of these. */
export type RouteKey = Pick<Route, 'dst' | 'metric' | 'table'>;

export interface RouteVerbs {
  /** Routes of one table (default main) and family (default IPv4), those of PROTO_CORRAL only if `ours`. */
  listRoutes(filter?: { table?: number; family?: 4 | 6; ours?: boolean }): Promise<Route[]>;
  /** Adds the route or replaces the one with the same key; returns whether it wrote. */
  ensureRoute(want: Route): Promise<boolean>;
  /** The same without a look. */
  setRoute(want: Route): Promise<void>;
  /** Returns whether it was there. With `protocol`, only a route of that protocol is removed. */
  dropRoute(route: RouteKey & Pick<Route, 'type' | 'protocol'>): Promise<boolean>;
  /** The route that a packet to the address would take (`ip route get`); undefined if there is none. */
  routeTo(address: Ip): Promise<Route | undefined>;
}

export function routeVerbs(transport: Transport): RouteVerbs {
  const list: RouteVerbs['listRoutes'] = async (filter = {}) => {
    const header = Buffer.alloc(12);
    header.writeUInt8(filter.family === 6 ? FAMILY.INET6 : FAMILY.INET, 0);
    const answers = await transport.dump('list routes', RTM.GETROUTE, new Payload(header).finish());
    const table = filter.table ?? TABLE_MAIN;
    return answers
      .flatMap(({ data }) => parseRoute(data) ?? [])
      .filter((route) => route.table === table && (!filter.ours || route.protocol === PROTO_CORRAL));
  };
  const add = (want: Route, flags: number): Promise<unknown> =>
    transport.request(`add route ${describe(want)}`, RTM.NEWROUTE, FLAG.CREATE | flags, routePayload(want));
  return {
    listRoutes: list,
    async ensureRoute(want) {
      try {
        await add(want, FLAG.EXCL);
        return true;
      } catch (error) {
        if (!hasCode(error, 'NETLINK_EXISTS')) throw error;
      }
      const family = typeof want.dst.base === 'number' ? 4 : 6;
      const routes = await list({ family, ...(want.table === undefined ? {} : { table: want.table }) });
      if (routes.some((have) => sameRoute(want, have))) return false;
      await add(want, FLAG.REPLACE);
      return true;
    },
    async setRoute(want) {
      await add(want, FLAG.REPLACE);
    },
    async dropRoute(route) {
      // Only what identifies it: a whole Route may be passed, and its gateway may be out of date.
      const { dst, metric, table = TABLE_MAIN, type, protocol = 0 } = route;
      const key = { dst, table, protocol, ...(metric === undefined ? {} : { metric }), ...(type ? { type } : {}) };
      const payload = routePayload(key, 'drop');
      try {
        await transport.request(`remove route ${describe(route)}`, RTM.DELROUTE, 0, payload);
        return true;
      } catch (error) {
        if (hasCode(error, 'NETLINK_NOT_FOUND')) return false;
        throw error;
      }
    },
    async routeTo(address) {
      const header = Buffer.alloc(12);
      header.writeUInt8(familyOf(address), 0);
      header.writeUInt8(typeof address === 'number' ? 32 : 128, 1);
      const payload = new Payload(header).bytes(RTA.DST, ipBytes(address)).finish();
      try {
        const [answer] = await transport.request(`look up route to ${renderIp(address)}`, RTM.GETROUTE, 0, payload);
        return answer && parseRoute(answer.data);
      } catch (error) {
        if (hasCode(error, 'NETLINK_UNREACHABLE')) return undefined;
        throw error;
      }
    },
  };
}

/** True if the wanted route is the one that the kernel has. */
export function sameRoute(want: Route, have: Route): boolean {
  return (
    want.dst.base === have.dst.base &&
    want.dst.prefix === have.dst.prefix &&
    want.via === have.via &&
    want.index === have.index &&
    want.src === have.src &&
    (want.metric ?? defaultMetric(want)) === (have.metric ?? defaultMetric(have)) &&
    (want.table ?? TABLE_MAIN) === (have.table ?? TABLE_MAIN) &&
    (want.protocol ?? PROTO_CORRAL) === (have.protocol ?? PROTO_CORRAL) &&
    (want.type ?? 'unicast') === (have.type ?? 'unicast') &&
    (want.onlink ?? false) === (have.onlink ?? false) &&
    want.mtu === have.mtu
  );
}

function defaultMetric(route: Route): number {
  return typeof route.dst.base === 'number' ? 0 : 1024;
}

function describe(route: RouteKey): string {
  return `${renderIp(route.dst.base)}/${route.dst.prefix}${route.metric ? ` metric ${route.metric}` : ''}`;
}

/** struct rtmsg: family, prefixes, tos, table, protocol, scope, type, flags; then what is given. */
function routePayload(route: Route, use: 'add' | 'drop' = 'add'): Buffer {
  const { prefix, base } = route.dst;
  if (route.via !== undefined && familyOf(route.via) !== familyOf(base)) {
    throw new SuiteError('NETLINK_REFUSED', `add route ${describe(route)}: gateway of the other family`);
  }
  const type = route.type ?? 'unicast';
  const table = route.table ?? TABLE_MAIN;
  const header = Buffer.alloc(12);
  header.writeUInt8(familyOf(base), 0);
  header.writeUInt8(prefix, 1);
  header.writeUInt8(table < 256 ? table : 0, 4);
  header.writeUInt8(route.protocol ?? PROTO_CORRAL, 5);
  header.writeUInt8(use === 'drop' ? 255 : scopeOf(route, type), 6);
  header.writeUInt8(use === 'drop' && route.type === undefined ? 0 : TYPES[type], 7);
  header.writeUInt32LE(route.onlink ? RTNH_F_ONLINK : 0, 8);
  const payload = new Payload(header).u32(RTA.TABLE, table);
  if (prefix > 0) payload.bytes(RTA.DST, ipBytes(base));
  if (route.via !== undefined) payload.bytes(RTA.GATEWAY, ipBytes(route.via));
  if (route.index !== undefined) payload.u32(RTA.OIF, route.index);
  if (route.src !== undefined) payload.bytes(RTA.PREFSRC, ipBytes(route.src));
  if (route.metric !== undefined) payload.u32(RTA.PRIORITY, route.metric);
  const { mtu } = route;
  if (mtu !== undefined) payload.nest(RTA.METRICS, (metrics) => metrics.u32(RTAX_MTU, mtu));
  return payload.finish();
}

/** How far away the destination is: without a gateway it is on the link. */
function scopeOf(route: Route, type: RouteType): number {
  if (type === 'local') return SCOPE.host;
  return type === 'unicast' && route.via === undefined ? SCOPE.link : SCOPE.universe;
}

/** Reads the payload of RTM_NEWROUTE; undefined for types and shapes (several next hops) that Corral never makes. */
export function parseRoute(data: Buffer): Route | undefined {
  if (data.length < 12) return undefined;
  const number = data.readUInt8(7);
  const type = (Object.keys(TYPES) as RouteType[]).find((name) => TYPES[name] === number);
  if (type === undefined) return undefined;
  const attributes = readAttributes(data, 12);
  const via = ipFromBytes(attributes.get(RTA.GATEWAY));
  const src = ipFromBytes(attributes.get(RTA.PREFSRC));
  const index = u32Of(attributes, RTA.OIF);
  const metric = u32Of(attributes, RTA.PRIORITY);
  const mtu = u32Of(nestedOf(attributes, RTA.METRICS), RTAX_MTU);
  return {
    dst: { base: ipFromBytes(attributes.get(RTA.DST)) ?? anyOf(data.readUInt8(0)), prefix: data.readUInt8(1) },
    ...(via === undefined ? {} : { via }),
    ...(index === undefined ? {} : { index }),
    ...(src === undefined ? {} : { src }),
    ...(metric === undefined ? {} : { metric }),
    table: u32Of(attributes, RTA.TABLE) ?? data.readUInt8(4),
    protocol: data.readUInt8(5),
    type,
    ...(data.readUInt32LE(8) & RTNH_F_ONLINK ? { onlink: true } : {}),
    ...(mtu === undefined ? {} : { mtu }),
  };
}
