// Joins the key keeper to the daemon: what it tells metadata, and `GET /v1/keys`, `POST /v1/keys/rotate`, `POST /v1/trust`.
import type { DaemonContext } from '../../shared/daemon/life.ts';
import { systemClock } from '../../shared/effects/clock.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { SourceRecord } from '../../shared/model/objects.ts';
import { Records } from '../../shared/source/records.ts';
import { KeyKeeper } from './keep-keys.ts';

/** @param onChanged the keyring is another one */
export function startKeys(
  context: DaemonContext,
  onChanged: () => void,
): Pick<KeyKeeper, 'take' | 'kept' | 'ring' | 'close'> {
  const { health, log, paths, routes } = context;
  let started = false;
  const records = new Records({
    socketPath: paths.recordsSocket,
    source: 'overlay',
    onState: (fault) =>
      health.set('records', {
        ok: !fault,
        degradesOnly: true,
        text: fault?.message ?? 'metadata knows the public keys',
        ...(fault && { code: fault.code }),
      }),
    onRefused: ([first]) => log.warn({ event: 'record.refused', code: first?.code }, first?.reason ?? ''),
  });
  const publish = (record: SourceRecord): void => {
    if (started) void records.change([record], []);
    else records.start([record]);
    started = true;
  };
  const keys = new KeyKeeper({ context, clock: systemClock, publish, onChanged });
  routes.push(
    {
      method: 'GET',
      path: /^\/v1\/keys$/,
      handle(http) {
        http.body = keys.report();
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/keys\/rotate$/,
      handle(http) {
        http.body = keys.rotate();
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/trust$/,
      handle(http) {
        const { host } = http.query;
        if (typeof host !== 'string' || host === '') throw new SuiteError('USAGE', 'trust a host: give its name or id');
        http.body = keys.trust(host);
      },
    },
  );
  return {
    take: (snapshot, uses) => keys.take(snapshot, uses),
    kept: (ring) => keys.kept(ring),
    get ring() {
      return keys.ring;
    },
    close() {
      keys.close();
      records.close();
    },
  };
}
