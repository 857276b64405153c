import t from 'tap';
import { parseKey, renderKey } from '../../../../daemons/metadata/cluster/keys.ts';
import { hostId, idOf } from '../../../fixtures/records.ts';

t.test('every place has a key that leads back to it', async (t) => {
  for (const place of [
    { at: 'cluster' },
    { at: 'info', host: hostId },
    { at: 'tunnel', host: hostId },
    { at: 'container', host: hostId, id: idOf(1) },
    { at: 'alive', host: hostId },
    { at: 'block', network: 'corral', cidr: '10.42.3.0/24' },
    { at: 'address', network: 'flat', ip: '10.43.0.7' },
    { at: 'network', name: 'blue' },
    { at: 'declared', section: 'services', name: 'a/b/c' },
  ] as const)
    t.same(parseKey(renderKey(place)), place, place.at);
  t.equal(renderKey({ at: 'block', network: 'corral', cidr: '10.42.3.0/24' }), '/corral/v1/blocks/corral/10.42.3.0/24');
});

t.test('other keys are nobody’s', async (t) => {
  for (const key of [
    '/corral/v1/',
    '/corral/v2/cluster',
    '/other',
    `/corral/v1/hosts/${hostId}/`,
    `/corral/v1/hosts/${hostId}/containers/../x`,
    `/corral/v1/hosts/${hostId.toUpperCase()}x/info`,
    `/corral/v1/alive/${hostId}/x`,
    '/corral/v1/blocks/corral/10.42.3.1/24',
    '/corral/v1/blocks/../10.42.3.0/24',
    '/corral/v1/addresses/flat/fd00::1',
    '/corral/v1/networks/a/b',
    '/corral/v1/declared/secrets/x',
    `/corral/v1/declared/hosts/${'x'.repeat(2_000)}`,
  ])
    t.equal(parseKey(key), undefined, key.slice(0, 60));
});
