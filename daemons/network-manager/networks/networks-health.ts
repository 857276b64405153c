// Pure: what health says of the networks.
import { type ErrorCode, SuiteError } from '../../shared/model/errors.ts';
import type { Fault } from './steps.ts';

export interface Statement {
  readonly ok: boolean;
  readonly text: string;
  readonly code?: ErrorCode;
  readonly degradesOnly?: boolean;
}

export const waiting: Statement = { ok: false, code: 'NOT_READY', text: 'waits for the first snapshot of metadata' };

/**
 * @param made number of networks that stand; as long as there is one, the others' faults only degrade
 * @param failure the first step that failed in this pass
 */
export function stateOfNetworks(made: number, faults: readonly Fault[], failure: unknown): Statement {
  if (failure !== undefined) return { ok: false, ...describeFailure(failure) };
  const [first] = faults;
  if (first) {
    const text = faults.map((fault) => `${fault.network}: ${fault.text}`).join('; ');
    return { ok: false, code: first.code, text, degradesOnly: made > 0 || first.code === 'SUBNET_IN_USE' };
  }
  if (made === 0) return { ok: false, code: 'BLOCK_MISSING', text: 'this host has no block of any network yet' };
  return { ok: true, text: `${made} ${made === 1 ? 'network' : 'networks'}` };
}

export function describeFailure(error: unknown): { code: ErrorCode; text: string } {
  if (error instanceof SuiteError) {
    return { code: error.code, text: `${error.message}${error.hint ? `. ${error.hint}` : ''}` };
  }
  return { code: 'INTERNAL', text: error instanceof Error ? error.message : String(error) };
}
