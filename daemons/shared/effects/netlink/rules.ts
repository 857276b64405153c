// Rules of routing (`ip rule`): which packets look for their route where.
import { hasCode, SuiteError } from '../../model/errors.ts';
import { Payload, readAttributes } from './attributes.ts';
import { FAMILY, FLAG, RTM } from './constants.ts';
import { familyOf, type IpRange, ipBytes, ipFromBytes, renderIp } from './ip-bytes.ts';
import { PROTO_CORRAL, TABLE_MAIN } from './routes.ts';
import type { Transport } from './transport.ts';

const FRA = { DST: 1, IIFNAME: 3, PRIORITY: 6, SUPPRESS_PREFIXLEN: 14, TABLE: 15, PROTOCOL: 21 } as const;
const ACTION = { LOOK: 1, REFUSE: 7 } as const;
/** struct fib_rule_hdr. */
const HEADER = 12;

export interface RouteRule {
  /** Lower is asked first. */
  readonly priority: number;
  readonly destination: IpRange;
  /** Name of the device by which packets came; `lo`: made on this host. */
  readonly incoming: string;
  readonly action: /** In the main table, where only routes with longer prefixes count. */
    | { readonly do: 'look'; readonly longerThan: number }
    /** The destination is unreachable. */
    | { readonly do: 'refuse' };
}

export interface KnownRule extends RouteRule {
  /** Who made it, as with routes; PROTO_CORRAL is us. */
  readonly protocol: number;
}

export interface RuleVerbs {
  /** Those of the kinds that can be made here. */
  listRules(family: 4 | 6): Promise<KnownRule[]>;
  /** One that is there already is success. @throws KERNEL_LACKS without rules of this family, NETLINK_* */
  addRule(rule: RouteRule): Promise<void>;
  /** One that is gone is success. */
  dropRule(rule: RouteRule): Promise<void>;
}

export function ruleVerbs(transport: Transport): RuleVerbs {
  return {
    async listRules(family) {
      const header = Buffer.alloc(HEADER);
      header.writeUInt8(family === 6 ? FAMILY.INET6 : FAMILY.INET, 0);
      const answers = await transport.dump('list routing rules', RTM.GETRULE, header);
      return answers.flatMap(({ data }) => parseRule(data) ?? []);
    },
    async addRule(rule) {
      const attempted = `add ${describe(rule)}`;
      const flags = FLAG.CREATE | FLAG.EXCL;
      try {
        const reasons = ['EAFNOSUPPORT', 'EOPNOTSUPP'] as const;
        if (await transport.tryRequest(attempted, RTM.NEWRULE, flags, rulePayload(rule), reasons)) return;
      } catch (error) {
        if (hasCode(error, 'NETLINK_EXISTS')) return;
        throw error;
      }
      throw new SuiteError('KERNEL_LACKS', `${attempted}: this kernel has no rules of routing`);
    },
    async dropRule(rule) {
      try {
        await transport.request(`remove ${describe(rule)}`, RTM.DELRULE, 0, rulePayload(rule));
      } catch (error) {
        if (!hasCode(error, 'NETLINK_NOT_FOUND')) throw error;
      }
    },
  };
}

function describe({ priority, destination }: RouteRule): string {
  return `routing rule ${priority} for ${renderIp(destination.base)}/${destination.prefix}`;
}

function rulePayload({ priority, destination, incoming, action }: RouteRule): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt8(familyOf(destination.base), 0);
  header.writeUInt8(destination.prefix, 1);
  header.writeUInt8(action.do === 'look' ? ACTION.LOOK : ACTION.REFUSE, 7);
  const payload = new Payload(header)
    .bytes(FRA.DST, ipBytes(destination.base))
    .text(FRA.IIFNAME, incoming)
    .u32(FRA.PRIORITY, priority)
    .u8(FRA.PROTOCOL, PROTO_CORRAL);
  if (action.do === 'look') payload.u32(FRA.TABLE, TABLE_MAIN).u32(FRA.SUPPRESS_PREFIXLEN, action.longerThan);
  return payload.finish();
}

function parseRule(data: Buffer): KnownRule | undefined {
  if (data.length < HEADER) return undefined;
  const attributes = readAttributes(data, HEADER);
  const base = ipFromBytes(attributes.get(FRA.DST));
  const incoming = attributes.get(FRA.IIFNAME)?.toString('utf8').replace(/\0.*$/s, '');
  const action = actionOf(data.readUInt8(7), attributes);
  if (base === undefined || incoming === undefined || !action) return undefined;
  return {
    priority: attributes.get(FRA.PRIORITY)?.readUInt32LE(0) ?? 0,
    destination: { base, prefix: data.readUInt8(1) },
    incoming,
    action,
    protocol: attributes.get(FRA.PROTOCOL)?.readUInt8(0) ?? 0,
  };
}

function actionOf(number: number, attributes: ReadonlyMap<number, Buffer>): RouteRule['action'] | undefined {
  if (number === ACTION.REFUSE) return { do: 'refuse' };
  const table = attributes.get(FRA.TABLE)?.readUInt32LE(0);
  const longerThan = attributes.get(FRA.SUPPRESS_PREFIXLEN)?.readInt32LE(0);
  if (number !== ACTION.LOOK || table !== TABLE_MAIN || longerThan === undefined) return undefined;
  return { do: 'look', longerThan };
}
