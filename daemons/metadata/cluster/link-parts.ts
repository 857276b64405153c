// Pure: what the way to the store makes of leases and of the cluster's key, and how it says what is wrong.
import { SuiteError } from '../../shared/model/errors.ts';
import { type AliveValue, parseAlive, parseCluster } from './values.ts';

export function holderOf(text: string): AliveValue | undefined {
  try {
    return parseAlive(text);
  } catch {
    return undefined; // nobody who can be named: the lease is taken over
  }
}

export function isOf(text: string, incarnation: string): boolean {
  try {
    return parseCluster(text).incarnation === incarnation;
  } catch {
    return false;
  }
}

export function twice(holder: AliveValue, self: { name: string; agentIp: string | null }): SuiteError {
  const text = `join as ${self.name} (${self.agentIp}): ${holder.name} (${holder.agentIp}) is alive with the same host uuid`;
  return new SuiteError('HOST_CONFLICT', text, {
    hint: 'a state directory was copied: remove store.sqlite on the host that is not to be that one, and start it again',
  });
}

export function waitError(joinWaitMs: number): SuiteError {
  const text = `join: the store holds no cluster; waiting ${joinWaitMs / 1000} s for members to come back`;
  return new SuiteError('CLUSTER_WAIT', text, {
    hint: 'a new cluster? corral store init makes it at once',
  });
}

export function asSuiteError(error: unknown): SuiteError {
  if (error instanceof SuiteError) return error;
  return new SuiteError('STORE_UNAVAILABLE', `read the store: ${(error as Error).message}`, { cause: error });
}
