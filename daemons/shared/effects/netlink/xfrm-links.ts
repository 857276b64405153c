// XFRM interfaces: what is sent through one is encrypted by the policies and states with its identifier, or not sent at all.
import { hasCode } from '../../model/errors.ts';
import { FLAG, IFF, IFLA, INFO, RTM, XFRM_LINK } from './constants.ts';
import { linkPayload } from './links.ts';
import type { Transport } from './transport.ts';

export interface XfrmLinkOptions {
  readonly ifId: number;
  readonly mtu: number;
  readonly alias: string;
}

export interface XfrmLinkVerbs {
  /** Creates one and sets it up. @throws NETLINK_EXISTS for the name or the identifier, NETLINK_REFUSED without the feature. */
  createXfrm(name: string, options: XfrmLinkOptions): Promise<void>;
  /** Whether the kernel has such devices; makes none. */
  hasXfrmLinks(): Promise<boolean>;
}

export function xfrmLinkVerbs(transport: Transport): XfrmLinkVerbs {
  const create = (name: string, { ifId, mtu }: Omit<XfrmLinkOptions, 'alias'>): Promise<unknown> => {
    const payload = linkPayload(name)
      .u32(IFLA.MTU, mtu)
      .nest(IFLA.LINKINFO, (info) => {
        info.text(INFO.KIND, 'xfrm').nest(INFO.DATA, (data) => data.u32(XFRM_LINK.IF_ID, ifId));
      });
    return transport.request(`create xfrm ${name}`, RTM.NEWLINK, FLAG.CREATE | FLAG.EXCL, payload.finish());
  };
  return {
    async createXfrm(name, options) {
      await create(name, options);
      const last = linkPayload(name, IFF.UP, IFF.UP).text(IFLA.IFALIAS, options.alias);
      await transport.request(`set up ${name}`, RTM.NEWLINK, 0, last.finish());
    },
    async hasXfrmLinks() {
      try {
        // The kernel looks for the kind, loading its module, before it looks at the identifier, and 0 is none.
        await create('corral-trial', { ifId: 0, mtu: 1_280 });
      } catch (error) {
        const reason = hasCode(error, 'NETLINK_REFUSED') && error.cause instanceof Error ? error.cause.message : '';
        return reason === 'EINVAL';
      }
      await transport.request('remove corral-trial', RTM.DELLINK, 0, linkPayload('corral-trial').finish());
      return true;
    },
  };
}
