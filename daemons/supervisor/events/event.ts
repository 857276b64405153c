// Pure: what happened on the suite, as `GET /v1/events` tells it.
import type { ErrorCode } from '../../shared/model/errors.ts';

export const eventKinds = ['container', 'host', 'network', 'service', 'daemon', 'condition'] as const;
export type EventKind = (typeof eventKinds)[number];

/** What the describers say; the ring adds when and in which order. */
export interface Happening {
  readonly kind: EventKind;
  /** `failing` and `well` are of conditions. */
  readonly action: 'added' | 'removed' | 'changed' | 'failing' | 'well';
  readonly level: 'info' | 'warn';
  /** `web-1`, `dns`, `shop/web`; of a condition `overlay/peers`. */
  readonly name: string;
  /** Name of the host it happened on; null: this one, or all of them. */
  readonly host: string | null;
  readonly code: ErrorCode | null;
  /** One sentence for people. */
  readonly text: string;
}

export interface SuiteEvent extends Happening {
  /** Cursor: `<epoch>-<number>`; numbers count up without gaps within one epoch, the life of one supervisor. */
  readonly id: string;
  /** Wall time, ISO 8601. */
  readonly time: string;
}
