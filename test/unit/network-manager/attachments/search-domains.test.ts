import t from 'tap';
import { wantSearch } from '../../../../daemons/network-manager/attachments/search-domains.ts';

const zone = 'rancher.internal';
const cases: [string, Record<string, string>, string[], string[]][] = [
  ['no labels', {}, [], [zone]],
  [
    'Rancher, lower-cased',
    { 'io.rancher.stack_service.name': 'Web/Front' },
    [],
    [`front.web.${zone}`, `web.${zone}`, zone],
  ],
  [
    'a sidekick has its primary’s',
    { 'io.rancher.stack_service.name': 'web/front/side' },
    [],
    [`front.web.${zone}`, `web.${zone}`, zone],
  ],
  ['a label without slash', { 'io.rancher.stack_service.name': 'web' }, [], [zone]],
  ['a label with empty halves', { 'io.rancher.stack_service.name': '/' }, [], [zone]],
  [
    'Compose',
    { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'db' },
    [],
    [`db.shop.${zone}`, `shop.${zone}`, zone],
  ],
  [
    'own labels win',
    {
      'corral.stack': 'a',
      'corral.service': 'b',
      'io.rancher.stack_service.name': 'c/d',
      'com.docker.compose.project': 'e',
      'com.docker.compose.service': 'f',
    },
    [],
    [`b.a.${zone}`, `a.${zone}`, zone],
  ],
  [
    'priority none, in any case',
    { 'io.rancher.stack_service.name': 'web/front', 'io.rancher.container.dns.priority': 'None' },
    ['corp'],
    ['corp', zone],
  ],
  [
    'the engine’s domains, once each',
    { 'io.rancher.stack_service.name': 'web/front' },
    ['corp', `web.${zone}`, 'corp'],
    [`front.web.${zone}`, `web.${zone}`, 'corp', zone],
  ],
  ['what is no domain', { 'io.rancher.stack_service.name': 'we b/fr\nont' }, ['a b', 'x\n', '-x', '..'], [zone]],
  [
    'a service that is no domain, in a stack that is',
    { 'io.rancher.stack_service.name': 'web/fr ont' },
    [],
    [`web.${zone}`, zone],
  ],
];

for (const [name, labels, dnsSearch, expected] of cases) {
  t.test(name, async (t) => {
    const wish = wantSearch(labels, dnsSearch, zone);
    t.same(wish.domains, expected);
    t.equal(wish.last, false);
  });
}

t.test('service_last', async (t) => {
  t.equal(wantSearch({ 'io.rancher.container.dns.priority': 'service_last' }, [], zone).last, true);
});
