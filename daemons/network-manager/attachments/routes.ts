// What others ask of the attachments, on network-manager.sock.
import type { Lease } from '../../../cni-plugins/library.ts';
import { type Context, type Route, readJson } from '../../shared/daemon/http.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { parseAttachRequest, parseDetachRequest } from './attach-request.ts';
import { type AttachmentAnswer, answerOf } from './describe.ts';
import { type Failures, faultOf } from './failures.ts';
import type { LeaseBook } from './lease-book.ts';
import { recordId } from './report.ts';
import type { Reporter } from './reporter.ts';
import type { TargetAttacher } from './target-attacher.ts';

export interface RouteDeps {
  readonly targets: TargetAttacher;
  readonly book: LeaseBook;
  readonly reporter: Reporter;
  readonly failures: Failures;
}

/** Attaches and detaches under way at once, for callers of the socket. */
const maxRequests = 64;

export function attachmentRoutes(deps: RouteDeps): Route[] {
  let under = 0;
  const bounded = async (http: Context, work: (body: unknown) => Promise<unknown>): Promise<void> => {
    if (under >= maxRequests) throw new SuiteError('BUSY', `attach more than ${maxRequests} at once`);
    under += 1;
    try {
      http.body = await work(await readJson(http));
    } catch (error) {
      throw coded(error);
    } finally {
      under -= 1;
    }
  };
  const answer = (lease: Lease): AttachmentAnswer => {
    const record = deps.reporter.recordFor(lease);
    return answerOf(
      lease,
      record?.id ?? recordId(lease, deps.reporter.hostId ?? ''),
      record?.name ?? lease.attachment.name,
    );
  };
  return [
    {
      method: 'POST',
      path: /^\/v1\/attach$/,
      handle: (http) => bounded(http, async (body) => answer(await deps.targets.attach(parseAttachRequest(body)))),
    },
    {
      method: 'POST',
      path: /^\/v1\/detach$/,
      handle: (http) =>
        bounded(http, async (body) => {
          const { target } = parseDetachRequest(body);
          const removed = await deps.targets.detach(target);
          const note = removed.length === 0 ? 'nothing was attached there' : null;
          return { target, detached: removed.length > 0, removed: removed.map((lease) => lease.addresses[0]), note };
        }),
    },
    {
      method: 'GET',
      path: /^\/v1\/attachments$/,
      handle: (http) => {
        const attached = deps.book.all().filter((lease) => lease.phase === 'done');
        http.body = { attachments: attached.map(answer), failures: deps.failures.all };
      },
    },
  ];
}

/** The library's own errors too reach the caller with one of our codes. */
function coded(error: unknown): SuiteError {
  if (error instanceof SuiteError) return error;
  const { code, text } = faultOf(error);
  return new SuiteError(code, text, { cause: error });
}
