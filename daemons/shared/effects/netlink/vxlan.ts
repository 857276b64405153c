// VXLAN devices.
import type { Ipv4 } from '../../model/ipv4.ts';
import { type Mac, macBytes } from '../../model/mac.ts';
import { FLAG, IFF, IFLA, INFO, RTM, VXLAN } from './constants.ts';
import { ipBytes } from './ip-bytes.ts';
import { linkPayload } from './links.ts';
import type { Transport } from './transport.ts';

export interface VxlanOptions {
  readonly vni: number;
  /** UDP port, 4789 by the standard. */
  readonly port: number;
  /** Source address of the outer packets. */
  readonly local?: Ipv4;
  /** Index of the underlying device. */
  readonly link?: number;
  readonly mac?: Mac;
  readonly mtu?: number;
  readonly up?: boolean;
}

export interface VxlanVerbs {
  /** Creates a device that learns nothing: its entries are all set by us. @throws NETLINK_EXISTS. */
  createVxlan(name: string, options: VxlanOptions): Promise<void>;
}

export function vxlanVerbs(transport: Transport): VxlanVerbs {
  return {
    async createVxlan(name, options) {
      const payload = linkPayload(name, options.up ? IFF.UP : 0, options.up ? IFF.UP : 0);
      if (options.mac !== undefined) payload.bytes(IFLA.ADDRESS, macBytes(options.mac));
      if (options.mtu !== undefined) payload.u32(IFLA.MTU, options.mtu);
      payload.nest(IFLA.LINKINFO, (info) => {
        info.text(INFO.KIND, 'vxlan').nest(INFO.DATA, (data) => {
          data.u32(VXLAN.ID, options.vni).u16be(VXLAN.PORT, options.port).u8(VXLAN.LEARNING, 0);
          if (options.local !== undefined) data.bytes(VXLAN.LOCAL, ipBytes(options.local));
          if (options.link !== undefined) data.u32(VXLAN.LINK, options.link);
        });
      });
      const attempted = `create vxlan ${name} with id ${options.vni}`;
      await transport.request(attempted, RTM.NEWLINK, FLAG.CREATE | FLAG.EXCL, payload.finish());
    },
  };
}
