import t from 'tap';
import { renderHosts } from '../../../../daemons/network-manager/attachments/hosts-file.ts';

const base = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n';

t.test('our line is added once and follows the address', async (t) => {
  const once = renderHosts(base, '10.42.0.5', ['web']);
  t.equal(once, `${base}10.42.0.5\tweb\t# corral\n`);
  t.equal(renderHosts(once, '10.42.0.5', ['web']), once);
  t.equal(renderHosts(once, '10.42.0.9', ['web']), `${base}10.42.0.9\tweb\t# corral\n`);
  t.equal(
    renderHosts(`${once}10.1.1.1\tmine\n`, '10.42.0.9', ['web']),
    `${base}10.1.1.1\tmine\n10.42.0.9\tweb\t# corral\n`,
  );
});

t.test('lines of others stay, even such as look alike', async (t) => {
  const others = `${base}10.42.0.5\tweb\n10.42.0.6 x # corral\n`;
  t.equal(renderHosts(others, '10.42.0.5', ['web']), `${others}10.42.0.5\tweb\t# corral\n`);
});

t.test('duplicates of ours become one', async (t) => {
  const twice = `10.42.0.5\tweb\t# corral\n${base}10.42.0.5\tweb\t# corral\n`;
  t.equal(renderHosts(twice, '10.42.0.5', ['web']), `${base}10.42.0.5\tweb\t# corral\n`);
});

t.test('edges', async (t) => {
  t.equal(renderHosts('', '10.42.0.5', ['web']), '10.42.0.5\tweb\t# corral\n');
  t.equal(renderHosts('a b', '10.42.0.5', ['web']), 'a b\n10.42.0.5\tweb\t# corral\n', 'no end of line');
  t.equal(renderHosts(base, '10.42.0.5', ['web.corp', 'web']), `${base}10.42.0.5\tweb.corp web\t# corral\n`);
  t.equal(renderHosts(base, '10.42.0.5', []), base);
  t.equal(renderHosts(base, '10.42.0.5', ['x\n1.2.3.4 bank', 'a b', '-x', '']), base, 'a name is one word');
});
