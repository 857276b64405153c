import t from 'tap';
import { bridgeName, isNetworkName } from '../../../../daemons/shared/model/networks.ts';

t.test('the default network’s bridge is corral0, others carry their name', async (t) => {
  t.equal(bridgeName('anything', true), 'corral0');
  t.equal(bridgeName('blue', false), 'corral-blue');
});

t.test('a device name has at most 15 characters and stays distinct', async (t) => {
  const long = ['a-very-long-network', 'a-very-long-network-2'].map((name) => bridgeName(name, false));
  for (const name of long) t.ok(name.length <= 15, name);
  t.not(long[0], long[1]);
});

t.test('a network’s name is safe as a folder, a device and a file', async (t) => {
  for (const name of ['corral', 'a', 'A_b.c-d', 'x'.repeat(63)]) t.ok(isNetworkName(name), name);
  for (const name of ['', '.', '..', '.d', '-x', 'a/b', 'a b', 'a\nb', 'ü', 'x'.repeat(64), 'a\0']) {
    t.notOk(isNetworkName(name), JSON.stringify(name));
  }
});
