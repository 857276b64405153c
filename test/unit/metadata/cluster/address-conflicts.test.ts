import t from 'tap';
import { AddressConflicts } from '../../../../daemons/metadata/cluster/address-conflicts.ts';
import { Health } from '../../../../daemons/shared/daemon/health.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import type { Change } from '../../../../daemons/shared/model/snapshot.ts';
import { quietLog } from '../../../cluster/store-quiet-log.ts';
import { container, hostId, otherHostId } from '../../support/snapshots.ts';

t.test('an address of a container here that another host claimed', async (t) => {
  const health = new Health();
  const claims = new Map([['corral/10.42.7.9', { hostId: otherHostId, owner: 'abcdefabcdefabcdef-eth0' }]]);
  const conflicts = new AddressConflicts({
    hostId,
    holderOf: (network, ip) => claims.get(`${network}/${ip}`),
    nameOf: (id) => (id === hostId ? 'h1' : 'h2'),
    health,
    log: quietLog,
  });
  const told = (): unknown => health.report().conditions.find(({ name }) => name === 'addresses');
  const next = (put: SnapshotObject[], drop: Change['drop'] = []): void =>
    conflicts.onRevision({ change: { put, drop } });
  const twin = { ...container('twin', '10.42.7.9', []), externalId: '0123456789abcdef' };
  next([container('one', '10.42.7.8', []), { ...twin, hostId: otherHostId }]);
  t.match(told(), { ok: true });
  next([twin]);
  const text =
    '10.42.7.9 of corral belongs to container abcdefabcdef on h2 and is also used by twin (0123456789ab) on h1';
  t.match(told(), { ok: false, degradesOnly: true, code: 'ADDRESS_TAKEN', text });
  claims.delete('corral/10.42.7.9');
  conflicts.onClaims();
  t.match(told(), { ok: true }, 'the claim was given back');
  claims.set('corral/10.42.7.8', { hostId: otherHostId, owner: 'x-eth0' });
  conflicts.onClaims();
  t.match(told(), { ok: false, text: /10\.42\.7\.8 .* container x-eth0 on h2 .* one / });
  next([], [`container/${container('one', '10.42.7.8', []).id}`]);
  t.match(told(), { ok: true }, 'the container is gone');
  claims.set('corral/10.42.7.9', { hostId, owner: 'twin-eth0' });
  conflicts.onClaims();
  t.match(told(), { ok: true }, 'an own claim');
});
