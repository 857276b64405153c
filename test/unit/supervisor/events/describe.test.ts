import t from 'tap';
import { keyOf, type SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { Snapshot } from '../../../../daemons/shared/model/snapshot.ts';
import { newChild } from '../../../../daemons/supervisor/child.ts';
import { type DaemonStatus, describeDaemon } from '../../../../daemons/supervisor/describe-status.ts';
import { describeChange } from '../../../../daemons/supervisor/events/describe-change.ts';
import { describeDaemonChange } from '../../../../daemons/supervisor/events/describe-daemon.ts';
import { networkObject } from '../../../fixtures/overlay-objects.ts';
import { container, host, hostId, service } from '../../../fixtures/records.ts';

const to = { revision: 1, complete: true };

/** What is told when the objects `is` take the place of `was`. */
function told(was: SnapshotObject[], is: SnapshotObject[]): string[] {
  const before = Snapshot.empty(hostId).apply({ put: [host(), ...was], drop: [] }, to);
  const keys = new Set(is.map(keyOf));
  const change = { put: is, drop: was.map(keyOf).filter((key) => !keys.has(key)) };
  const happenings = describeChange(before, before.apply(change, to), change);
  return happenings.map(({ kind, action, level, name, host, text }) => {
    return `${level} ${kind} ${name} ${action}${host ? ` on ${host}` : ''}: ${text}`;
  });
}

t.test('containers', async (t) => {
  const web = container(7, { name: 'web' });
  t.same(told([], [web]), ['info container web added on node-1: running with 10.42.0.7']);
  t.same(told([web], []), ['info container web removed on node-1: is gone']);
  t.same(told([web], [{ ...web, state: 'stopping' }]), ['info container web changed on node-1: stopping']);
  t.same(told([web], [{ ...web, health: 'unhealthy' }]), ['warn container web changed on node-1: unhealthy']);
  t.same(told([web], [{ ...web, startCount: 2 }]), [
    'info container web changed on node-1: started again with 10.42.0.7',
  ]);
  t.same(told([web], [{ ...web, ports: ['0.0.0.0:80:80/tcp'] }]), [
    'info container web changed on node-1: publishes 0.0.0.0:80:80/tcp',
  ]);
  t.same(told([web], [{ ...web, labels: { a: 'b' } }]), [], 'what nobody wants to hear of');
});

t.test('hosts, networks and services', async (t) => {
  const other = host({ id: 'h2', name: 'node-2' });
  t.same(told([], [other]), ['info host node-2 added: joined as 192.0.2.11']);
  t.same(told([other], [{ ...other, alive: false }]), [
    'warn host node-2 changed: is lost: it keeps no lease in the store',
  ]);
  t.same(told([{ ...other, alive: false }], [other]), ['info host node-2 changed: is back']);
  t.same(told([other], []), ['info host node-2 removed: was removed from the cluster']);
  const network = networkObject();
  t.same(told([], [network]), ['info network corral added: made with 10.42.0.0/16']);
  t.same(told([network], [{ ...network, driver: 'ipsec' }]), [
    'info network corral changed: has other options: 10.42.0.0/16, ipsec',
  ]);
  t.same(told([service({ id: 's', name: 'web' })], []), ['info service Web/web removed: has no container any more']);
});

t.test('daemons: their states, and conditions that turn', async (t) => {
  const living = { ...newChild(0), phase: 'alive', process: { pid: 5, startTicks: 1 } } as const;
  const status = (code?: 'PEER_LOST' | 'PORT_TAKEN' | 'NOT_READY', text = 'x', degradesOnly = true): DaemonStatus => {
    const conditions = [{ name: 'c', ok: code === undefined, degradesOnly, code: code ?? null, text }];
    const state = code === undefined ? 'ready' : degradesOnly ? 'degraded' : 'unready';
    return describeDaemon(
      { name: 'overlay', child: living, health: { state, conditions }, version: '1', log: '/l' },
      undefined,
    );
  };
  const tell = (before: DaemonStatus, now: DaemonStatus): string[] =>
    describeDaemonChange(before, now).map(
      ({ level, kind, name, code, text }) => `${level} ${kind} ${name} ${code}: ${text}`,
    );
  t.same(tell(status(), status()), []);
  t.same(tell(status(), status('PEER_LOST', 'h2')), ['warn condition overlay/c PEER_LOST: h2']);
  t.same(tell(status('PEER_LOST', 'h2'), status('PEER_LOST', 'h2, h3')), [
    'warn condition overlay/c PEER_LOST: h2, h3',
  ]);
  t.same(tell(status('PEER_LOST', 'h2'), status()), ['info condition overlay/c null: x']);
  t.same(tell(status('PORT_TAKEN', 'try 1'), status('PORT_TAKEN', 'try 2')), [], 'one failure is told once');
  t.same(tell(status(), status('PORT_TAKEN', 'x', false)), [
    'warn daemon overlay null: unready',
    'warn condition overlay/c PORT_TAKEN: x',
  ]);
  t.same(tell(status(), status('NOT_READY')), [], 'waiting is no news');
  const dead = describeDaemon(
    {
      name: 'overlay',
      child: { ...newChild(0), phase: 'backoff', lastEnd: 'was killed by SIGKILL' },
      health: undefined,
      version: '1',
      log: '/l',
    },
    undefined,
  );
  t.same(tell(status(), dead), ['warn daemon overlay null: backoff: was killed by SIGKILL']);
});
