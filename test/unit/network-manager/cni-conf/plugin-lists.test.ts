import t from 'tap';
import { withHostLabels } from '../../../../daemons/network-manager/cni-conf/host-labels.ts';
import { cniFiles, isForeign, parsePluginList } from '../../../../daemons/network-manager/cni-conf/plugin-lists.ts';
import { network } from '../../support/snapshots.ts';

t.test('values that depend on the host', async (t) => {
  const labels = { 'io.rancher.network.per_host_subnet.subnet': '10.50.7.0/24', a: 'A' };
  const one = (text: string): unknown => withHostLabels({ value: text }, labels).value;
  t.equal(one('__host_label__: io.rancher.network.per_host_subnet.subnet'), '10.50.7.0/24');
  t.equal(one('__host_label__:missing'), '');
  t.equal(one('__host_label__:constructor'), '');
  t.equal(one('__host_label__'), '');
  t.equal(one('x __host_label__: a'), 'x __host_label__: a');
  const config = {
    routes: [{ dst: '__host_label__: a', mtu: 3, up: null }],
    deep: { list: ['__host_label__:a', true] },
  };
  const before = JSON.stringify(config);
  t.same(withHostLabels(config, labels), { routes: [{ dst: 'A', mtu: 3, up: null }], deep: { list: ['A', true] } });
  t.equal(JSON.stringify(config), before, 'the snapshot is not changed');
});

const bridge = { cniVersion: '1.0.0', name: 'x', type: 'bridge' };

t.test('only names that may be files', async (t) => {
  const cniConfig = {
    '10-x.conf': bridge,
    'b.conflist': bridge,
    '../x.conf': bridge,
    '.hidden.conf': bridge,
    'x.txt': bridge,
  };
  const { files, refused } = cniFiles({ ...network('x', '10.9.0.0/16'), cniConfig }, {});
  t.same(
    files.map(({ name }) => name),
    ['10-x.conf', 'b.conflist'],
  );
  t.same(refused.sort(), ['../x.conf', '.hidden.conf', 'x.txt']);
  t.same(cniFiles(network('x', '10.9.0.0/16'), {}), { files: [], refused: [] });
});

t.test('whose plugins make a network', async (t) => {
  const foreign = (config: Record<string, unknown>): boolean =>
    isForeign({ ...network('x', '10.9.0.0/16'), cniConfig: { 'a.conf': config } });
  t.equal(isForeign(network('x', '10.9.0.0/16')), false);
  t.equal(foreign({ type: 'rancher-bridge' }), false);
  t.equal(foreign({ plugins: [{ type: 'corral-bridge' }] }), false);
  t.equal(foreign({ type: 'bridge' }), true);
  t.equal(foreign({ plugins: [{ type: 'corral-bridge' }, { type: 'portmap' }] }), true);
});

t.test('a list of plugins, or why there is none', async (t) => {
  const parse = (config: Record<string, unknown>) => parsePluginList({ name: 'x.conf', config });
  t.same(parse(bridge), { name: 'x', cniVersion: '1.0.0', plugins: [bridge] });
  t.match(parse({ ...bridge, cniVersion: undefined }), { cniVersion: '0.2.0' });
  t.match(parse({ name: 'x', cniVersion: '1.0.0', plugins: [bridge, { type: 'portmap' }] }), { plugins: [{}, {}] });
  const refused: [Record<string, unknown>, RegExp][] = [
    [{ ...bridge, name: '../x' }, /name/],
    [{ ...bridge, cniVersion: '9.0.0' }, /9\.0\.0/],
    [{ ...bridge, type: '../bin/sh' }, /bin\/sh/],
    [{ ...bridge, type: undefined }, /no program/],
    [{ name: 'x', plugins: [] }, /0 plugins/],
    [{ name: 'x', plugins: 'bridge' }, /0 plugins/],
    [{ name: 'x', plugins: [{ type: 'corral-bridge' }, { type: 'portmap' }] }, /beside other plugins/],
  ];
  for (const [config, why] of refused) t.match(parse(config), { fault: why });
});
