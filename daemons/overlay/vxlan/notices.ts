// Pure: what the kernel will tell of entries that were written: one notice for each (linux: net/core/neighbour.c,
// drivers/net/vxlan, net/ipv4/fib_trie.c).
import type { Notice } from '../echo.ts';
import type { Applied } from './apply-steps.ts';
import type { Step } from './steps.ts';

/** Notices of more than this come in several turns, and so perhaps too late to be counted. */
const mostCounted = 200;

/** @returns undefined if that is not known: of devices and settings, of what was refused, and of very much */
export function noticesOf(
  { done, failed }: Applied,
  indexOf: (device: string) => number | undefined,
): Notice[] | undefined {
  if (failed.length > 0 || done.length > mostCounted) return undefined;
  const notices: Notice[] = [];
  for (const step of done) {
    const notice = noticeOf(step, indexOf);
    if (!notice) return undefined;
    notices.push(notice);
  }
  return notices;
}

function noticeOf(step: Step, indexOf: (device: string) => number | undefined): Notice | undefined {
  switch (step.do) {
    case 'route':
    case 'drop-route':
      return { kind: 'route', index: 0 };
    case 'fdb':
    case 'drop-fdb':
    case 'neighbour': {
      const index = indexOf(step.device);
      const kind = step.do === 'neighbour' ? 'neighbour' : 'fdb';
      return index === undefined ? undefined : { kind, index };
    }
    default:
      return undefined;
  }
}
