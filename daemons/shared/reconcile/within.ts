// Pure: a deadline around any wait.
import { SuiteError } from '../model/errors.ts';

/** Resolves like `work`, or rejects with DEADLINE after `ms`. The work itself is not cancelled. */
export async function within<T>(ms: number, attempted: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SuiteError('DEADLINE', `${attempted}: no answer in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
