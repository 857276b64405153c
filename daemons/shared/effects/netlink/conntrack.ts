// The kernel's table of connections (ctnetlink, linux/netfilter/nfnetlink_conntrack.h): lists those that interest and takes
// single ones out. Not a member of Netlink: it is another socket, of which one process has use.
import { hasCode } from '../../model/errors.ts';
import { type Family, familyOf, type Ip } from '../../model/ip.ts';
import { ipv4Bytes, ipv4FromBytes } from '../../model/ipv4.ts';
import { ipv6Bytes, ipv6FromBytes } from '../../model/ipv6.ts';
import type { Protocol } from '../../model/ports.ts';
import { type Attributes, nestedOf, Payload, readAttributes, u8Of, u16beOf } from './attributes.ts';
import { FAMILY } from './constants.ts';
import { Transport } from './transport.ts';

/** Who sends to whom in one direction. */
export interface Tuple {
  readonly src: Ip;
  readonly dst: Ip;
  readonly sport: number;
  readonly dport: number;
}

export interface Flow {
  readonly protocol: Protocol;
  /** As the first packet was sent. */
  readonly original: Tuple;
  /** As answers come: whoever answers is `src`. */
  readonly reply: Tuple;
  /** Tells a flow from a later one with the same addresses. */
  readonly id: Buffer | undefined;
}

export interface Conntrack {
  /** Flows of the family (default 4) whose destination was changed. What has no ports is left out. */
  listTranslated(family?: Family): Promise<Flow[]>;
  /** Flows of a protocol, to one port if given. */
  listOf(protocol: Protocol, dport?: number, family?: Family): Promise<Flow[]>;
  /** Takes exactly this flow out; false if it is gone already. */
  remove(flow: Flow): Promise<boolean>;
  close(): void;
}

export const NETLINK_NETFILTER = 12;
const NEW = 0x100;
const GET = 0x101;
const DELETE = 0x102;
const CTA = { ORIG: 1, REPLY: 2, STATUS: 3, ID: 12, FILTER: 25, STATUS_MASK: 26 } as const;
const TUPLE = { IP: 1, PROTO: 2 } as const;
const IP = { 4: { SRC: 1, DST: 2 }, 6: { SRC: 3, DST: 4 } } as const;
const PROTO = { NUM: 1, SPORT: 2, DPORT: 3 } as const;
const FILTER = { ORIG_FLAGS: 1, REPLY_FLAGS: 2 } as const;
const BY_PROTOCOL = 1 << 3;
const BY_DPORT = 1 << 5;
const DST_NAT = 1 << 5;

const numbers: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 };
const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name as Protocol]));

/** Opens a socket in the current namespace. Kernels that do not know a filter list more, which is sorted out here. */
export function openConntrack(
  transport: Pick<Transport, 'dump' | 'request' | 'close'> = new Transport({ protocol: NETLINK_NETFILTER }),
): Conntrack {
  const list = async (attempted: string, payload: Payload): Promise<Flow[]> => {
    const answers = await transport.dump(attempted, GET, payload.finish());
    return answers.flatMap(({ type, data }) => (type === NEW ? (parseFlow(data) ?? []) : []));
  };
  return {
    async listTranslated(family = 4) {
      const status = Buffer.alloc(4);
      status.writeUInt32BE(DST_NAT);
      const payload = request(family).bytes(CTA.STATUS, status).bytes(CTA.STATUS_MASK, status);
      const flows = await list('list translated flows', payload);
      return flows.filter(({ original, reply }) => original.dst !== reply.src || original.dport !== reply.sport);
    },
    async listOf(protocol, dport, family = 4) {
      const flags = BY_PROTOCOL | (dport === undefined ? 0 : BY_DPORT);
      const payload = request(family)
        .nest(CTA.ORIG, (tuple) =>
          tuple.nest(TUPLE.PROTO, (proto) => {
            proto.u8(PROTO.NUM, numbers[protocol]);
            if (dport !== undefined) proto.u16be(PROTO.DPORT, dport);
          }),
        )
        .nest(CTA.FILTER, (filter) => filter.u32(FILTER.ORIG_FLAGS, flags).u32(FILTER.REPLY_FLAGS, 0));
      const flows = await list(`list flows of ${protocol}`, payload);
      return flows.filter(
        (flow) => flow.protocol === protocol && (dport === undefined || flow.original.dport === dport),
      );
    },
    async remove(flow) {
      const payload = request(familyOf(flow.original.dst));
      writeTuple(payload, flow);
      if (flow.id) payload.bytes(CTA.ID, flow.id);
      try {
        await transport.request(`remove a flow to port ${flow.original.dport}`, DELETE, 0, payload.finish());
        return true;
      } catch (error) {
        if (hasCode(error, 'NETLINK_NOT_FOUND')) return false;
        throw error;
      }
    },
    close: () => transport.close(),
  };
}

/** struct nfgenmsg: family, version, resource. */
function request(family: Family): Payload {
  return new Payload(Uint8Array.of(family === 4 ? FAMILY.INET : FAMILY.INET6, 0, 0, 0));
}

function writeTuple(payload: Payload, { protocol, original }: Flow): void {
  payload.nest(CTA.ORIG, (tuple) => {
    const { SRC, DST } = IP[familyOf(original.dst)];
    tuple.nest(TUPLE.IP, (ip) => ip.bytes(SRC, bytesOf(original.src)).bytes(DST, bytesOf(original.dst)));
    tuple.nest(TUPLE.PROTO, (proto) =>
      proto.u8(PROTO.NUM, numbers[protocol]).u16be(PROTO.SPORT, original.sport).u16be(PROTO.DPORT, original.dport),
    );
  });
}

/** undefined for what has no ports (ICMP). */
function parseFlow(data: Buffer): Flow | undefined {
  const attributes = readAttributes(data, 4);
  const original = parseTuple(nestedOf(attributes, CTA.ORIG));
  const reply = parseTuple(nestedOf(attributes, CTA.REPLY));
  const protocol = original && names.get(original.protocol);
  if (!original || !reply || !protocol) return undefined;
  return { protocol, original: original.tuple, reply: reply.tuple, id: attributes.get(CTA.ID) };
}

function parseTuple(attributes: Attributes): { tuple: Tuple; protocol: number } | undefined {
  const ip = nestedOf(attributes, TUPLE.IP);
  const proto = nestedOf(attributes, TUPLE.PROTO);
  const [src, dst] = [addressOf(ip, 'SRC'), addressOf(ip, 'DST')];
  const [sport, dport] = [u16beOf(proto, PROTO.SPORT), u16beOf(proto, PROTO.DPORT)];
  const protocol = u8Of(proto, PROTO.NUM);
  if (src === undefined || dst === undefined || sport === undefined || dport === undefined) return undefined;
  return protocol === undefined ? undefined : { tuple: { src, dst, sport, dport }, protocol };
}

function addressOf(attributes: Attributes, side: 'SRC' | 'DST'): Ip | undefined {
  const [four, six] = [attributes.get(IP[4][side]), attributes.get(IP[6][side])];
  return four ? ipv4FromBytes(four) : six && ipv6FromBytes(six);
}

function bytesOf(ip: Ip): Uint8Array {
  return typeof ip === 'number' ? ipv4Bytes(ip) : ipv6Bytes(ip);
}
