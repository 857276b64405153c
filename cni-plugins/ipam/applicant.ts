// Pure: what is known of a lease before its address is chosen.
import type { Call } from '../shared/call.ts';
import { attachmentOf } from '../shared/corral-args.ts';
import type { Applicant } from './reserve.ts';

export interface Circumstances {
  readonly network: string;
  readonly netnsInode: number | null;
  readonly bootId: string;
  readonly now: number;
  readonly bridge: string | null;
  readonly hostVeth: string | null;
}

export function applicantOf(call: Call, circumstances: Circumstances): Applicant {
  const { env, conf } = call;
  const { now, ...rest } = circumstances;
  return {
    ...rest,
    containerId: env.containerId,
    ifname: env.ifname,
    netnsPath: env.netns,
    config: conf.raw,
    args: env.args,
    createdAt: now,
    attachment: attachmentOf(env.containerId, env.args, conf.raw),
  };
}
