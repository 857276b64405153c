import { errorReply } from '../../../cni-plugins/shared/errors.ts';

/** The CNI code with which the work fails; 0 if it does not. */
export function cniCodeOf(work: () => unknown): number {
  try {
    work();
  } catch (error) {
    return errorReply(error).code;
  }
  return 0;
}
