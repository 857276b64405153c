import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Reservations, type Reserved } from '../../../../daemons/network-manager/networks/reservations.ts';
import { wantNetworks } from '../../../../daemons/network-manager/networks/want-networks.ts';
import { renderIp } from '../../../../daemons/shared/model/ip.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import type { Snapshot } from '../../../../daemons/shared/model/snapshot.ts';
import { block, container, hostId, network, otherHostId, snapshotOf } from '../../support/snapshots.ts';

const base: SnapshotObject[] = [
  network('corral', '10.42.0.0/16', { isDefault: true }),
  block('corral', '10.42.7.0/24'),
  block('corral', '10.42.8.0/24', otherHostId),
  network('flat', '10.43.0.0/16', { blocks: 'none' }),
];
const declared = container('declared', '10.42.7.20', []);
const remote = { ...container('remote', '10.42.8.9', []), hostId: otherHostId, externalId: 'x' };
const stray = { ...container('stray', '10.42.7.30', []), hostId: otherHostId, externalId: 'y' };
const engines = { ...container('run', '10.42.7.40', []), externalId: 'z' };

function make(t: { teardown(work: () => void): void }, config: ConstructorParameters<typeof Reservations>[1] = []) {
  const leases = mkdtempSync(join(tmpdir(), 'co-rv-'));
  t.teardown(() => rmSync(leases, { recursive: true }));
  const reservations = new Reservations({ leases }, config);
  const of = async (snapshot: Snapshot, name = 'corral'): Promise<Record<string, string>> => {
    const all = await reservations.of(snapshot, wantNetworks(snapshot));
    const found: Reserved = all.get(name) ?? new Map();
    return Object.fromEntries([...found].map(([ip, owner]) => [renderIp(ip), owner]));
  };
  return { reservations, leases, of };
}

t.test('whose addresses are somebody’s without a lease here', async (t) => {
  const { reservations, of, leases } = make(t);
  const snapshot = snapshotOf([...base, declared, remote, stray, engines]);
  reservations.take(snapshot);
  t.same(await of(snapshot), { '10.42.7.20': 'declared', '10.42.7.30': `stray on ${otherHostId}` });
  const next = (put: SnapshotObject[], drop: `container/${string}`[] = []): boolean =>
    reservations.take(snapshot.apply({ put, drop }, { revision: 2, complete: true }));
  t.notOk(next([{ ...remote, health: 'healthy' }, engines]), 'changes that do not matter');
  mkdirSync(join(leases, 'corral', 'addresses'), { recursive: true });
  writeFileSync(join(leases, 'corral', 'addresses', '10.42.7.50'), '');
  t.notOk(next([container('bare', '10.42.7.50', [])]), 'a bare namespace has a lease');
  t.ok(next([{ ...stray, ips: ['10.42.8.10'] }]), 'it left our block');
});

t.test('another block brings other neighbours’ addresses', async (t) => {
  const { reservations, of } = make(t);
  const snapshot = snapshotOf([...base, stray]);
  reservations.take(snapshot);
  t.same(await of(snapshot), { '10.42.7.30': `stray on ${otherHostId}` });
  const more = snapshot.apply(
    { put: [block('corral', '10.42.9.0/24', hostId, { extra: true }), { ...remote, ips: ['10.42.9.4'] }], drop: [] },
    { revision: 2, complete: true },
  );
  reservations.take(more);
  t.same(await of(more), { '10.42.7.30': `stray on ${otherHostId}`, '10.42.9.4': `remote on ${otherHostId}` });
});

t.test('what corral.yaml declares', async (t) => {
  const { of } = make(t, [
    { name: 'here', ips: ['10.42.99.1'] },
    { name: 'there', host: 'elsewhere', ips: ['10.42.8.20'] },
    { name: 'inside', host: 'elsewhere', ips: ['10.42.7.21'] },
    { name: 'flat', network: 'flat', ips: ['10.43.0.7'] },
    { name: 'nowhere', network: 'unknown', ips: ['10.42.7.22'] },
  ]);
  const snapshot = snapshotOf(base);
  t.same(await of(snapshot), { '10.42.99.1': 'here', '10.42.7.21': 'inside on elsewhere' });
  t.same(await of(snapshot, 'flat'), { '10.43.0.7': 'flat' });
});
