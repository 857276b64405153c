// Tells the rules keeper that somebody changed nftables. Without it (no nftables here, or a socket that failed) the keeper's
// own regular look finds what was changed.
import { type NftWatch, watchNftables } from '../effects/nft-watch.ts';
import type { DaemonContext } from './life.ts';

const reopenMs = 1_000;

export interface RuleWatch extends NftWatch {
  readonly isOpen: boolean;
}

/** `onChange` is called after the watch was opened anew, too: something may have been missed. */
export function watchRules(context: Pick<DaemonContext, 'log'>, onChange: () => void): RuleWatch {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let watch: NftWatch | undefined;
  const open = (): void => {
    if (closed) return;
    try {
      watch = watchNftables({ onChange, onEnd: again });
    } catch (error) {
      context.log.info({ event: 'rules-watch.none', error }, 'no notices of nftables here; looks at rules regularly');
    }
  };
  const again = (error: unknown): void => {
    watch = undefined;
    context.log.warn({ event: 'rules-watch.ended', error }, 'the watch of the rules ended; opens a new one');
    timer = setTimeout(() => {
      open();
      onChange();
    }, reopenMs).unref();
  };
  open();
  return {
    get isOpen() {
      return watch !== undefined;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      watch?.close();
    },
  };
}
