import t from 'tap';
import { sweepAddresses } from '../../../../daemons/metadata/store/sweep-addresses.ts';
import { Snapshot } from '../../../../daemons/shared/model/snapshot.ts';
import { quietLog } from '../../../cluster/store-quiet-log.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { clusterId, container, hostId } from '../../../fixtures/records.ts';

t.test('an address that no container has for ten minutes is given back', async (t) => {
  const clock = new FakeClock();
  const network = {
    kind: 'network',
    id: clusterId,
    name: 'flat',
    subnet: '10.43.0.0/16',
    block: 24,
    blocks: 'none',
    driver: 'none',
    isDefault: false,
    mtu: null,
    hostPorts: true,
    bridge: 'corral-flat',
  } as const;
  const used = container(1, { network: 'flat', ips: ['10.43.0.2'] });
  const of = (complete: boolean): Snapshot =>
    Snapshot.empty(hostId).apply({ put: [network, used], drop: [] }, { revision: 1, complete });
  let snapshot = of(false);
  const claims = ['10.43.0.2', '10.43.0.3'].map((ip) => ({ network: 'flat', ip, owner: 'o', hostId }));
  const released: string[] = [];
  const store = {
    addresses: async () => claims.filter(({ ip }) => !released.includes(ip)),
    releaseAddress: async (_: string, ip: string) => released.push(ip) > 0,
  };
  t.teardown(sweepAddresses({ store, snapshot: () => snapshot, log: quietLog, clock }));
  const pass = async (minutes: number): Promise<void> => {
    for (let minute = 0; minute < minutes; minute += 1) {
      await clock.advance(60_000);
      await new Promise(setImmediate);
    }
  };
  await pass(30);
  t.same(released, [], 'not on the word of half a snapshot');
  snapshot = of(true);
  await pass(10);
  t.same(released, []);
  await pass(1);
  t.same(released, ['10.43.0.3']);
  await pass(20);
  t.same(released, ['10.43.0.3']);
});
