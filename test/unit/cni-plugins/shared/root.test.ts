import t from 'tap';
import { rootOf } from '../../../../cni-plugins/shared/root.ts';

t.test('below which root a plugin works', async (t) => {
  const rows: [string | undefined, string, string][] = [
    ['/lab', '/opt/cni/bin/corral-bridge', '/lab'],
    [undefined, '/opt/cni/bin/corral-bridge', ''],
    [undefined, '/lab/h1/opt/cni/bin/rancher-bridge', '/lab/h1'],
    ['', '/lab/h1/opt/cni/bin/rancher-bridge', '/lab/h1'],
    [undefined, '/srv/corral/dist/cni/corral-bridge', ''],
    [undefined, 'opt/cni/bin/corral-bridge', ''],
    [undefined, '', ''],
  ];
  for (const [env, path, want] of rows) t.equal(rootOf(env, path), want, `${env} ${path}`);
});
