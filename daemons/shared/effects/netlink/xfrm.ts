// The kernel's XFRM: policies that let nothing of a network pass in the clear, and whether the kernel has ESP.
import { randomBytes } from 'node:crypto';
import { hasCode, SuiteError } from '../../model/errors.ts';
import { inNetns, type Netns } from '../netns.ts';
import { renderIp } from './ip-bytes.ts';
import { Transport } from './transport.ts';
import {
  dropPayload,
  parsePolicy,
  policyPayload,
  trialState,
  trialStateId,
  type WantPolicy,
  XFRM,
  type XfrmPolicy,
} from './xfrm-messages.ts';

const NETLINK_XFRM = 6;
/** Below what charon takes for its own. */
const trialSpi = 0x100;

export type { WantPolicy, XfrmDirection, XfrmPolicy } from './xfrm-messages.ts';
export { anyRange } from './xfrm-messages.ts';

export interface Xfrm {
  /** All policies of the namespace. @throws KERNEL_LACKS without XFRM, NETLINK_* */
  policies(): Promise<XfrmPolicy[]>;
  /** Adds the policy or replaces the one with its selector. */
  setPolicy(policy: WantPolicy): Promise<void>;
  /** One that is gone is success. */
  dropPolicy(policy: XfrmPolicy): Promise<void>;
  /** Whether the kernel takes a state of ESP with AES-GCM. */
  hasEsp(): Promise<boolean>;
  close(): void;
}

/** Opens its socket with the first request. @param netns default: the own one */
export function openXfrm(netns?: Netns): Xfrm {
  let transport: Transport | undefined;
  const open = (): Transport => {
    try {
      return new Transport({ protocol: NETLINK_XFRM });
    } catch (cause) {
      throw new SuiteError('KERNEL_LACKS', 'open a socket for XFRM: this kernel has none', { cause });
    }
  };
  const kernel = (): Transport => {
    transport ??= netns ? inNetns(netns, open) : open();
    return transport;
  };
  return {
    async policies() {
      const answers = await kernel().dump('list XFRM policies', XFRM.GETPOLICY, Buffer.alloc(64));
      return answers.flatMap(({ data }) => parsePolicy(data) ?? []);
    },
    async setPolicy(policy) {
      const { base, prefix } = policy.direction === 'out' ? policy.destination : policy.source;
      const verb = policy.blocks ? 'block' : 'let pass';
      const attempted = `${verb} ${renderIp(base)}/${prefix} in the clear (${policy.direction})`;
      await kernel().request(attempted, XFRM.UPDPOLICY, 0, policyPayload(policy));
    },
    async dropPolicy(policy) {
      try {
        await kernel().request('remove an XFRM policy', XFRM.DELPOLICY, 0, dropPayload(policy));
      } catch (error) {
        if (!hasCode(error, 'NETLINK_NOT_FOUND')) throw error;
      }
    },
    async hasEsp() {
      try {
        await kernel().request('try a state of ESP', XFRM.NEWSA, 0, trialState(trialSpi, randomBytes(20)));
      } catch (error) {
        if (hasCode(error, 'NETLINK_EXISTS')) return true; // another who tries at this moment
        if (hasCode(error, 'KERNEL_LACKS', 'NETLINK_REFUSED', 'NETLINK_NOT_FOUND')) return false;
        throw error;
      }
      await kernel()
        .request('remove the state of the trial', XFRM.DELSA, 0, trialStateId(trialSpi))
        .catch(() => undefined);
      return true;
    },
    close: () => transport?.close(),
  };
}
