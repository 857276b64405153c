// What every store must do; each adapter's test calls it with a way to open (and open again) one store.
import type { Test } from 'tap';
import { maxBlocks, type Store } from '../../../../daemons/metadata/store/store.ts';
import { parseCidr4, parseIpv4, renderCidr4 } from '../../../../daemons/shared/model/ipv4.ts';
import { keyOf } from '../../../../daemons/shared/model/objects.ts';
import { isUuid } from '../../../../daemons/shared/model/uuid.ts';
import { host, record } from '../../../fixtures/records.ts';

const subnet = parseCidr4('10.42.0.0/16')!;
const plan = {
  name: 'corral',
  subnet: '10.42.0.0/16',
  block: 24,
  driver: 'vxlan',
  isDefault: true,
  mtu: null,
  hostPorts: true,
  vni: 1042,
} as const;

/** `open` opens the store of the test; called again it opens the same one. */
export async function storeConformance(t: Test, open: (t: Test) => () => Promise<Store>): Promise<void> {
  const again = async (store: Store, reopen: () => Promise<Store>): Promise<Store> => {
    await store.close();
    return reopen();
  };

  await t.test('identity is made once', async (t) => {
    const reopen = open(t);
    const store = await reopen();
    const { identity } = store;
    t.ok(isUuid(identity.clusterId) && isUuid(identity.hostId));
    t.not(identity.clusterId, identity.hostId);
    const second = await again(store, reopen);
    t.same(second.identity, identity);
    await second.close();
  });

  await t.test('a block is claimed once and given back with its network', async (t) => {
    const reopen = open(t);
    const store = await reopen();
    t.equal(renderCidr4(await store.claimBlock('corral', subnet, 24)), '10.42.0.0/24');
    t.equal(renderCidr4(await store.claimBlock('corral', subnet, 24)), '10.42.0.0/24');
    t.equal(renderCidr4(await store.claimBlock('blue', parseCidr4('10.43.0.0/24')!, 26)), '10.43.0.0/26');
    const second = await again(store, reopen);
    t.equal(renderCidr4(await second.claimBlock('corral', subnet, 24)), '10.42.0.0/24');
    await second.dropNetwork('corral');
    t.equal(renderCidr4(await second.claimBlock('corral', parseCidr4('10.99.0.0/16')!, 20)), '10.99.0.0/20');
    await second.close();
  });

  await t.test('more blocks are claimed and given back, the first stays the first', async (t) => {
    const reopen = open(t);
    const store = await reopen();
    const of = async (store: Store): Promise<string[]> => (await store.blocks('corral')).map(renderCidr4);
    t.same(await of(store), []);
    await store.claimBlock('corral', subnet, 24);
    for (let more = 1; more < maxBlocks; more += 1) await store.claimAnother('corral', subnet, 24);
    const all = await of(store);
    t.equal(new Set(all).size, maxBlocks);
    await t.rejects(store.claimAnother('corral', subnet, 24), { code: 'NO_BLOCK_LEFT' });
    const second = await again(store, reopen);
    t.same(await of(second), all);
    t.equal(await second.releaseBlock('corral', parseCidr4(all[3]!)!), true);
    t.equal(await second.releaseBlock('corral', parseCidr4(all[3]!)!), false);
    t.equal(await second.releaseBlock('corral', parseCidr4('10.42.99.0/24')!), false, 'never had');
    t.same(
      await of(second),
      all.filter((_, at) => at !== 3),
    );
    t.equal(renderCidr4(await second.claimBlock('corral', subnet, 24)), all[0], 'the first');
    await second.close();
  });

  await t.test('addresses of a flat network belong to whoever was first', async (t) => {
    const reopen = open(t);
    const store = await reopen();
    const flat = parseCidr4('10.43.0.0/29')!;
    const wish = (owner: string, ip?: string, ...exclude: string[]) => ({
      network: 'flat',
      subnet: flat,
      owner,
      ip: ip === undefined ? undefined : parseIpv4(ip)!,
      exclude: new Set(exclude.map((text) => parseIpv4(text)!)),
    });
    const { hostId } = store.identity;
    const claim = (ip: string, owner: string) => ({ network: 'flat', ip, owner, hostId });
    t.same(await store.claimAddress(wish('a', undefined, '10.43.0.2')), claim('10.43.0.3', 'a'));
    t.same(await store.claimAddress(wish('a')), claim('10.43.0.3', 'a'), 'asked again');
    t.same(await store.claimAddress(wish('b', '10.43.0.3')), claim('10.43.0.3', 'a'), 'has an owner');
    t.same(await store.claimAddress(wish('b', '10.43.0.5')), claim('10.43.0.5', 'b'));
    const second = await again(store, reopen);
    t.same((await second.addresses('flat')).map(({ ip }) => ip).sort(), ['10.43.0.3', '10.43.0.5']);
    const rest = [
      await second.claimAddress(wish('c')),
      await second.claimAddress(wish('d')),
      await second.claimAddress(wish('e')),
    ];
    t.same(rest.map(({ ip }) => ip).sort(), ['10.43.0.2', '10.43.0.4', '10.43.0.6']);
    await t.rejects(second.claimAddress(wish('f')), { code: 'ADDRESSES_EXHAUSTED' });
    t.equal(await second.releaseAddress('flat', '10.43.0.3', 'b'), false, 'not its own');
    t.equal(await second.releaseAddress('flat', '10.43.0.3', 'a'), true);
    t.equal(await second.releaseAddress('flat', '10.43.0.3', 'a'), false);
    t.same(await second.claimAddress(wish('f')), claim('10.43.0.3', 'f'));
    await second.dropNetwork('flat');
    t.same(await second.addresses('flat'), []);
    await second.close();
  });

  await t.test('networks are remembered as they were used', async (t) => {
    const reopen = open(t);
    const store = await reopen();
    await store.saveNetwork(plan);
    await store.saveNetwork({ ...plan, mtu: 1400 });
    const second = await again(store, reopen);
    t.same([...(await second.networks()).values()], [{ ...plan, mtu: 1400 }]);
    await second.dropNetwork('corral');
    await second.dropNetwork('never-there');
    t.equal((await second.networks()).size, 0);
    await second.close();
  });

  await t.test('records outlive the process, containers not the boot', async (t) => {
    const reopen = open(t);
    const store = await reopen();
    await store.recall('boot-1');
    const [one, two] = [record(1), record(2)];
    const say = (source: string, what: typeof one | ReturnType<typeof host>) => ({
      source,
      key: keyOf(what),
      record: what,
    });
    await store.remember([say('a', one), say('a', two), say('b', one), say('b', host())]);
    await store.remember([{ source: 'a', key: keyOf(two), record: undefined }, say('a', { ...one, name: 'renamed' })]);
    const second = await again(store, reopen);
    const names = (all: Awaited<ReturnType<Store['recall']>>) =>
      all.map(({ source, record }) => `${source} ${record.kind} ${'name' in record && record.name}`).sort();
    t.same(names(await second.recall('boot-1')), ['a container renamed', 'b container c1', 'b host node-1']);
    const third = await again(second, reopen);
    t.same(names(await third.recall('boot-2')), ['b host node-1']);
    t.same(names(await third.recall('boot-1')), ['b host node-1'], 'forgotten for good');
    await third.close();
  });
}
