// Pure: what health says of the overlay's devices and entries.
import { type ErrorCode, SuiteError } from '../shared/model/errors.ts';
import type { Fault, OverlayNetwork } from './overlay-network.ts';

export interface Statement {
  readonly ok: boolean;
  readonly text: string;
  readonly code?: ErrorCode;
  readonly degradesOnly?: boolean;
}

export const waiting: Statement = { ok: false, code: 'NOT_READY', text: 'waits for the first snapshot of metadata' };

/** A sentence with a thousand hosts in it helps nobody. */
const mostTold = 5;

/**
 * A host that cannot be a peer is no fault of this one, and the other networks go on.
 * @param failures what the kernel refused in this pass
 */
export function stateOfOverlay(
  networks: readonly OverlayNetwork[],
  faults: readonly Fault[],
  failures: readonly { readonly text: string; readonly error: unknown }[],
): Statement {
  const [refused] = failures;
  if (refused) {
    const { code, text } = describeFailure(refused.error);
    const others = failures.length === 1 ? '' : `, and ${failures.length - 1} more`;
    return { ok: false, code, text: `${text}${others}` };
  }
  const [first] = faults;
  if (first) {
    const told = faults.slice(0, mostTold).map(({ network, text }) => `${network}: ${text}`);
    const text = `${told.join('; ')}${faults.length > mostTold ? `; and ${faults.length - mostTold} more` : ''}`;
    const isOurs = faults.some(({ code }) => code === 'VNI_TAKEN');
    // A network that cannot be connected at all is no small matter: its containers reach nobody on other hosts.
    const isCut = faults.some(({ code }) => code === 'KERNEL_LACKS' || code === 'KEY_UNUSABLE');
    return { ok: false, code: first.code, text, degradesOnly: !isCut && (networks.length > 0 || !isOurs) };
  }
  const peers = new Set<string>();
  for (const network of networks) for (const { hostId } of network.peers) peers.add(hostId);
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
  return { ok: true, text: `${count(networks.length, 'network')}, ${count(peers.size, 'peer')}` };
}

export function describeFailure(error: unknown): { code: ErrorCode; text: string } {
  if (error instanceof SuiteError) {
    return { code: error.code, text: `${error.message}${error.hint ? `. ${error.hint}` : ''}` };
  }
  return { code: 'INTERNAL', text: error instanceof Error ? error.message : String(error) };
}
