// VXLAN devices.
import { type Mac, macBytes } from '../../model/mac.ts';
import type { Payload } from './attributes.ts';
import { ADDR_GEN, FAMILY, FLAG, IFF, IFLA, INFO, RTM, VXLAN } from './constants.ts';
import { type Ip, ipBytes } from './ip-bytes.ts';
import { type LinkRef, linkPayload } from './links.ts';
import type { Transport } from './transport.ts';

export interface VxlanOptions {
  readonly vni: number;
  /** UDP port, 4789 by the standard. */
  readonly port: number;
  /** Source address of the outer packets; its family is that of the tunnel. */
  readonly local?: Ip;
  /** The family of the tunnel where `local` is not given; default 4. */
  readonly family?: 4 | 6;
  /** Index of the underlying device. */
  readonly link?: number;
  readonly mac?: Mac;
  readonly mtu?: number;
  readonly alias?: string;
  readonly up?: boolean;
}

export interface VxlanVerbs {
  /**
   * Creates a device that learns nothing, since its entries are all set by us, and that gives itself no IPv6 address.
   * @throws NETLINK_EXISTS if the name is taken, or another device has the VNI and the port.
   */
  createVxlan(name: string, options: VxlanOptions): Promise<void>;
  /** Changes what the kernel can change; the family of `local` has to stay. */
  changeVxlan(ref: LinkRef, changes: { readonly local?: Ip; readonly learning?: boolean }): Promise<void>;
}

export function vxlanVerbs(transport: Transport): VxlanVerbs {
  const change = (attempted: string, payload: Payload): Promise<unknown> =>
    transport.request(attempted, RTM.NEWLINK, 0, payload.finish());
  return {
    async createVxlan(name, options) {
      const attempted = `create vxlan ${name} with id ${options.vni}`;
      const made = transport.request(attempted, RTM.NEWLINK, FLAG.CREATE | FLAG.EXCL, newPayload(name, options));
      const quiet = change(`keep ${name} without address`, withoutAddress(name)).catch(() => undefined); // no IPv6 here
      const { alias, up } = options;
      const last = linkPayload(name, up ? IFF.UP : 0, up ? IFF.UP : 0);
      if (alias !== undefined) last.text(IFLA.IFALIAS, alias);
      const finished = alias !== undefined || up ? change(`set up ${name}`, last) : undefined;
      finished?.catch(() => undefined); // awaited below; the first failure is the one that tells
      await made;
      await quiet;
      await finished;
    },
    async changeVxlan(ref, changes) {
      const payload = linkPayload(ref).nest(IFLA.LINKINFO, (info) => {
        info.text(INFO.KIND, 'vxlan').nest(INFO.DATA, (data) => {
          if (changes.local !== undefined) fillLocal(data, changes.local);
          if (changes.learning !== undefined) data.u8(VXLAN.LEARNING, changes.learning ? 1 : 0);
        });
      });
      await change(`change vxlan ${ref}`, payload);
    },
  };
}

function newPayload(name: string, options: VxlanOptions): Buffer {
  const payload = linkPayload(name);
  if (options.mac !== undefined) payload.bytes(IFLA.ADDRESS, macBytes(options.mac));
  if (options.mtu !== undefined) payload.u32(IFLA.MTU, options.mtu);
  payload.nest(IFLA.LINKINFO, (info) => {
    info.text(INFO.KIND, 'vxlan').nest(INFO.DATA, (data) => {
      data.u32(VXLAN.ID, options.vni).u16be(VXLAN.PORT, options.port).u8(VXLAN.LEARNING, 0);
      const local = options.local ?? (options.family === 6 ? '::' : undefined);
      if (local !== undefined) fillLocal(data, local);
      if (options.link !== undefined) data.u32(VXLAN.LINK, options.link);
    });
  });
  return payload.finish();
}

function withoutAddress(name: string): Payload {
  return linkPayload(name).nest(IFLA.AF_SPEC, (families) =>
    families.nest(FAMILY.INET6, (data) => data.u8(ADDR_GEN.MODE, ADDR_GEN.NONE)),
  );
}

function fillLocal(data: Payload, local: Ip): void {
  data.bytes(typeof local === 'number' ? VXLAN.LOCAL : VXLAN.LOCAL6, ipBytes(local));
}
