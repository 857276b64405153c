// The plugins as a library: network-manager hosts it behind cni.sock, standalone.ts runs it in a process of its own.
export type {
  Attached,
  AttachmentRef,
  Cni,
  CniReply,
  CniRequest,
  CniSettings,
  LeaseChange,
} from './api.ts';
export { type BlockFile, parseBlockFile, renderBlockFile } from './ipam/block-file.ts';
export { type Attachment, type Lease, leaseIps, parseLease, renderLease } from './ipam/lease.ts';
export type { CorralArgs } from './shared/corral-args.ts';
export { CniError } from './shared/errors.ts';
export type { CniResult } from './shared/result.ts';
