import t from 'tap';
import { homeOf } from '../../../../daemons/network-manager/attachments/guests.ts';

t.test('where containers without a namespace of their own live', async (t) => {
  const service = { 'io.rancher.stack_service.name': 'shop/agent' };
  t.same(homeOf('container:abc', {}), { kind: 'container', target: 'abc' });
  t.same(homeOf('host', service), { kind: 'host' });
  t.same(homeOf('host', { 'io.rancher.container.network': 'true' }), { kind: 'host' });
  t.same(homeOf('host', { 'corral.service': 'agent' }), { kind: 'host' });
  t.same(homeOf('host', { 'com.docker.compose.service': 'agent' }), undefined, 'most of Compose’s are none of ours');
  for (const mode of ['none', 'bridge', 'default', '', 'container:', 'ns:/run/netns/x', 'my-network']) {
    t.equal(homeOf(mode, service), undefined, mode);
  }
});
