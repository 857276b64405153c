import t from 'tap';
import { membershipOf } from '../../../daemons/metadata/derive-membership.ts';

const rancher = 'io.rancher.stack_service.name';
const compose = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'db' };

t.test('labels that place a container', async (t) => {
  const cases: readonly [Record<string, string>, unknown][] = [
    [{}, undefined],
    [{ other: 'label' }, undefined],
    [{ [rancher]: 'web/front' }, { stack: 'web', primary: 'front', sidekick: null, number: null }],
    [{ [rancher]: 'web/front/logger' }, { stack: 'web', primary: 'front', sidekick: 'logger', number: null }],
    [{ 'io.rancher.stack.name': 'web' }, { stack: 'web', primary: null, sidekick: null, number: null }],
    [compose, { stack: 'shop', primary: 'db', sidekick: null, number: null }],
    [
      { ...compose, 'com.docker.compose.container-number': '12' },
      { stack: 'shop', primary: 'db', sidekick: null, number: 12 },
    ],
    [
      { ...compose, 'com.docker.compose.container-number': '0x1' },
      { stack: 'shop', primary: 'db', sidekick: null, number: null },
    ],
    [{ ...compose, 'com.docker.compose.oneoff': 'True' }, undefined],
    [
      { ...compose, 'com.docker.compose.oneoff': 'False' },
      { stack: 'shop', primary: 'db', sidekick: null, number: null },
    ],
    [
      { 'corral.stack': 'mine', 'corral.service': 'api' },
      { stack: 'mine', primary: 'api', sidekick: null, number: null },
    ],
    [{ 'corral.service': 'api' }, undefined],
    [
      { 'corral.stack': 'mine', ...compose },
      { stack: 'mine', primary: 'db', sidekick: null, number: null },
    ],
    [
      { [rancher]: 'web/front', ...compose },
      { stack: 'web', primary: 'front', sidekick: null, number: null },
    ],
    [
      { 'corral.stack': 'mine', 'corral.service': 'api/side' },
      { stack: 'mine', primary: 'api', sidekick: 'side', number: null },
    ],
  ];
  for (const [labels, member] of cases) t.same(membershipOf(labels), { member }, JSON.stringify(labels));
});

t.test('hostile labels are refused, never repaired', async (t) => {
  const values = ['', '/', 'web/', '/front', 'web//front', 'web/a/b/c', 'web', 'web/ front', 'web/fro\nnt', 'web/-x'];
  const long = 'x'.repeat(10_000);
  for (const value of [
    ...values,
    long,
    `web/${long}`,
    'wéb/front',
    'web/\u202efront',
    'web/\ud800',
    '../../etc/passwd',
  ]) {
    t.ok('refused' in membershipOf({ [rancher]: value }), JSON.stringify(value.slice(0, 30)));
  }
  t.ok('refused' in membershipOf({ 'corral.stack': 'a/b', 'corral.service': 'c' }));
  t.ok('refused' in membershipOf({ 'corral.stack': '' }));
  t.same(membershipOf(JSON.parse('{"__proto__": "x", "constructor": "y"}')), { member: undefined });
});
