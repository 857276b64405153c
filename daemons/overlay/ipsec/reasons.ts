// Pure: why a tunnel is not there, out of charon's log lines (its event `log`), for people. Nothing is decided on these words.
import type { ViciSection } from './vici-codec.ts';
import { ownPrefix } from './want-connections.ts';

export interface Reason {
  readonly hostId: string;
  /** The other side's identity was refused, or ours by it. */
  readonly isTrust: boolean;
  readonly text: string;
}

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

const known: readonly { readonly is: RegExp; readonly isTrust: boolean; readonly text: string }[] = [
  { is: /^received AUTHENTICATION_FAILED/, isTrust: true, text: 'it refuses this host’s key, or has another secret' },
  { is: /^no trusted \S+ public key found for/, isTrust: true, text: 'it has another key than it has told' },
  { is: /^signature validation failed/, isTrust: true, text: 'its signature is of another key than it has told' },
  { is: /constraint check(ing)? failed/, isTrust: true, text: 'it has another key than the one in use' },
  { is: /MAC mismatched|^tried \d+ shared key/, isTrust: true, text: 'it has another secret' },
  { is: /^no shared key found/, isTrust: true, text: 'it uses no secret that is known here' },
  {
    is: /NO_PROPOSAL_CHOSEN/,
    isTrust: false,
    text: 'it has not been told of this host, or offers no common algorithm',
  },
  { is: /TS_UNACCEPTABLE/, isTrust: false, text: 'it wants other addresses in the tunnel' },
  { is: /^(peer not responding|giving up after)/, isTrust: false, text: 'it does not answer on UDP 500 and 4500' },
];

/** undefined for a line that says nothing of a peer of ours. */
export function reasonOf(event: ViciSection): Reason | undefined {
  const { msg, 'ikesa-name': name } = event;
  if (typeof msg !== 'string') return undefined;
  const found = known.find(({ is }) => is.test(msg));
  if (!found) return undefined;
  const ours = typeof name === 'string' && name.startsWith(ownPrefix) ? uuid.exec(name) : undefined;
  const hostId = (ours ?? uuid.exec(msg))?.[0];
  return hostId === undefined ? undefined : { hostId, isTrust: found.isTrust, text: found.text };
}
