import t from 'tap';
import {
  asksForUs,
  knownNetworks,
  sharesNamespace,
  type Want,
  wantAttachment,
} from '../../../../daemons/network-manager/attachments/want-attachments.ts';
import type { DockerContainer } from '../../../../daemons/shared/effects/docker/container.ts';
import { container } from './support.ts';

const networks = { names: new Set(['corral', 'blue']), default: 'corral' };
const managed = { 'io.rancher.container.network': 'true' };

const cases: [string, Partial<DockerContainer>, Partial<Want>][] = [
  ['no label', {}, { kind: 'none' }],
  ['the legacy label', { labels: managed }, { kind: 'attach', network: 'corral' }],
  ['the legacy label, not true', { labels: { 'io.rancher.container.network': 'false' } }, { kind: 'none' }],
  [
    'the legacy address',
    { labels: { 'io.rancher.container.ip': '10.42.0.7/16' } },
    { kind: 'attach', network: 'corral' },
  ],
  ['our address', { labels: { 'corral.ip': '10.42.0.7' } }, { kind: 'attach', network: 'corral' }],
  ['a CNI network', { labels: { 'io.rancher.cni.network': 'blue' } }, { kind: 'attach', network: 'blue' }],
  ['our network', { labels: { 'corral.network': 'blue' } }, { kind: 'attach', network: 'blue' }],
  [
    'ours wins',
    { labels: { 'corral.network': 'blue', 'io.rancher.cni.network': 'corral' } },
    { kind: 'attach', network: 'blue' },
  ],
  [
    'managed is the default network',
    { labels: { 'io.rancher.cni.network': 'managed' } },
    { kind: 'attach', network: 'corral' },
  ],
  ['present but empty', { labels: { ...managed, 'io.rancher.cni.network': '' } }, { kind: 'none' }],
  ['host as a network', { labels: { ...managed, 'io.rancher.cni.network': 'host' } }, { kind: 'none' }],
  ['unknown network', { labels: { 'io.rancher.cni.network': 'red' } }, { kind: 'refused', code: 'NETWORK_UNKNOWN' }],
  ['hostile network', { labels: { 'corral.network': '../../etc' } }, { kind: 'refused', code: 'NETWORK_UNKNOWN' }],
  ['host mode', { labels: managed, networkMode: 'host' }, { kind: 'none' }],
  ['another container’s namespace', { labels: managed, networkMode: `container:${'b'.repeat(64)}` }, { kind: 'none' }],
  ['a namespace by path', { labels: managed, networkMode: 'ns:/run/netns/x' }, { kind: 'none' }],
  [
    'the engine’s own bridge',
    { labels: managed, networkMode: 'bridge' },
    { kind: 'refused', code: 'ATTACHMENT_EXISTS' },
  ],
  ['not running', { labels: managed, running: false }, { kind: 'none' }],
  ['pid 0', { labels: managed, pid: 0 }, { kind: 'none' }],
];

for (const [name, given, expected] of cases) {
  t.test(name, async (t) => t.match(wantAttachment(container(given), networks), expected));
}

t.test('without any network even the default is unknown', async (t) => {
  const none = { names: new Set<string>(), default: undefined };
  t.match(wantAttachment(container({ labels: managed }), none), { kind: 'refused', code: 'NETWORK_UNKNOWN' });
});

t.test('the networks of a snapshot', async (t) => {
  const network = {
    kind: 'network',
    id: 'x',
    subnet: '10.42.0.0/16',
    block: 24,
    driver: 'none',
    mtu: null,
    hostPorts: true,
    bridge: 'b',
  } as const;
  const known = knownNetworks([
    { ...network, name: 'blue', isDefault: false },
    { ...network, name: 'corral', isDefault: true },
  ]);
  t.same([...known.names], ['blue', 'corral']);
  t.equal(known.default, 'corral');
});

t.test('modes that are someone else’s', async (t) => {
  for (const mode of ['host', 'container:x', 'ns:/x']) t.equal(sharesNamespace(mode), true, mode);
  for (const mode of ['none', 'bridge', 'default', 'hosted']) t.equal(sharesNamespace(mode), false, mode);
});

t.test('who is worth a look', async (t) => {
  t.equal(asksForUs(managed), true);
  t.equal(asksForUs({ 'io.rancher.container.dns': 'true' }), true, 'our resolver without our network');
  t.equal(asksForUs({ 'io.rancher.container.dns': 'false' }), false);
  t.equal(asksForUs({}), false);
});
