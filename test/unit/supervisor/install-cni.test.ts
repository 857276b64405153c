import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { renderConflist } from '../../../daemons/shared/model/conflist.ts';
import { installCni } from '../../../daemons/supervisor/install-cni.ts';

function makePlaces(t: Test) {
  const root = mkdtempSync('/tmp/co-ic-');
  t.teardown(() => rmSync(root, { recursive: true }));
  const from = join(root, 'dist');
  mkdirSync(join(from, '.corral'), { recursive: true });
  for (const name of ['corral-bridge', 'corral-ipam']) writeFileSync(join(from, name), `the ${name}`);
  return { from, dir: join(root, 'opt/cni/bin'), conf: join(root, 'etc/cni/net.d'), network: 'corral' };
}

t.test('everything is put in place once; a second run changes nothing', async (t) => {
  const places = makePlaces(t);
  const { dir, conf, from } = places;
  const first = installCni(places);
  t.equal(first.changed.length, 6);
  t.same(readdirSync(dir).sort(), ['.corral', 'corral-bridge', 'corral-ipam', 'rancher-bridge', 'rancher-cni-ipam']);
  t.equal(readlinkSync(join(dir, '.corral')), join(from, '.corral'));
  t.equal(readlinkSync(join(dir, 'rancher-bridge')), 'corral-bridge');
  t.equal(statSync(join(dir, 'corral-ipam')).mode & 0o777, 0o755);
  t.equal(readFileSync(join(conf, '10-corral-corral.conflist'), 'utf8'), renderConflist('corral'));
  const before = statSync(join(dir, 'corral-bridge')).ino;
  t.same(installCni(places), { changed: [], unchanged: first.changed });
  t.equal(statSync(join(dir, 'corral-bridge')).ino, before, 'not even written again');
});

t.test('an older program is replaced whole, and what stands in a link’s place too', async (t) => {
  const places = makePlaces(t);
  mkdirSync(places.dir, { recursive: true });
  writeFileSync(join(places.dir, 'corral-bridge'), 'old');
  writeFileSync(join(places.dir, 'rancher-bridge'), 'Rancher’s own');
  const before = statSync(join(places.dir, 'corral-bridge')).ino;
  installCni(places);
  t.equal(readFileSync(join(places.dir, 'corral-bridge'), 'utf8'), 'the corral-bridge');
  t.not(statSync(join(places.dir, 'corral-bridge')).ino, before, 'a program that runs keeps its file');
  t.equal(readFileSync(join(places.dir, 'rancher-bridge'), 'utf8'), 'the corral-bridge');
});

t.test('a second network has a file of its own', async (t) => {
  const places = makePlaces(t);
  installCni(places);
  t.same(installCni({ ...places, network: 'blue' }).changed, [join(places.conf, '10-corral-blue.conflist')]);
  t.equal(readdirSync(places.conf).length, 2);
});

t.test('a configuration of somebody else stays, and nothing is installed', async (t) => {
  const places = makePlaces(t);
  mkdirSync(places.conf, { recursive: true });
  const path = join(places.conf, '10-corral-corral.conflist');
  writeFileSync(path, '{"name":"mine"}');
  t.throws(() => installCni(places), { code: 'CONFIG_INVALID' });
  t.equal(readFileSync(path, 'utf8'), '{"name":"mine"}');
  t.throws(() => readdirSync(places.dir), 'the programs are not there either');
});

t.test('nothing built', async (t) => {
  const places = makePlaces(t);
  rmSync(join(places.from, 'corral-bridge'));
  t.throws(() => installCni(places), { code: 'NOT_READY' });
});
