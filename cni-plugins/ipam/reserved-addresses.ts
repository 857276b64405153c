// Pure: addresses that declared containers, and other hosts' containers in this host's blocks, shall have. Nobody else gets them,
// and a declared container gets no other.
import { type Ip, renderIp } from '../../daemons/shared/model/ip.ts';
import type { BlockFile } from './block-file.ts';
import type { Requested } from './requested.ts';

/** What a container of that name asks for without saying so. */
export function declaredFor(block: BlockFile | undefined, name: string): Requested[] {
  const mine = [...(block?.reserved ?? [])].filter(([, holder]) => holder === name);
  return mine.map(([address]) => ({ address, prefix: undefined }));
}

export function heldForOthers(block: BlockFile | undefined, name: string): Ip[] {
  return [...(block?.reserved ?? [])].filter(([, holder]) => holder !== name).map(([address]) => address);
}

/** Whom the address is kept for, unless it is that container who asks. */
export function keptFor(block: BlockFile | undefined, name: string, address: Ip): string | undefined {
  const holder = block?.reserved?.get(address);
  return holder === undefined || holder === name
    ? undefined
    : `${renderIp(address)} is kept for the container ${holder}`;
}
