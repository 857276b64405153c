import { mkdtempSync, rmSync } from 'node:fs';
import t from 'tap';
import { externalCharon } from '../../../../daemons/overlay/ipsec/charon/external.ts';
import { openVici } from '../../../../daemons/overlay/ipsec/vici.ts';
import { FakeCharon } from '../../../fakes/charon.ts';

t.test('what is ours goes, traps that are laid meanwhile too, and what is theirs stays', async (t) => {
  const dir = mkdtempSync('/tmp/co-ext-');
  const charon = new FakeCharon(`${dir}/charon.vici`);
  await charon.start();
  const vici = openVici(charon.socket);
  const external = externalCharon(charon.socket, { stop: async () => undefined });
  t.teardown(async () => {
    vici.close();
    external.close();
    await charon.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  for (const name of ['corral-peer', 'theirs']) {
    await vici.call('load-conn', { [name]: { children: { net: {} } } });
    await vici.call('initiate', { ike: name, child: 'net' });
  }
  charon.traps = [{ ike: 'theirs', child: 'net' }];
  charon.laysTraps = true;
  await external.stop([]);
  t.same([...charon.connections.keys()], ['theirs']);
  t.same(
    charon.sas.map(({ connection }) => connection),
    ['theirs'],
  );
  t.same(charon.traps, [{ ike: 'theirs', child: 'net' }]);
  const asked = charon.asked.length;
  await external.stop([]);
  t.notMatch(charon.asked.slice(asked).join(), /terminate|uninstall/, 'a second time there is nothing to do');
});
