import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import t, { type Test } from 'tap';
import { openVici } from '../../../../daemons/overlay/ipsec/vici.ts';
import { FakeCharon } from '../../../fakes/charon.ts';

async function open(t: Test) {
  const dir = mkdtempSync('/tmp/co-vici-');
  const charon = new FakeCharon(`${dir}/charon.vici`);
  await charon.start();
  const vici = openVici(charon.socket);
  t.teardown(async () => {
    vici.close();
    await charon.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  return { charon, vici };
}

t.test('a command is answered, however the answer is cut', async (t) => {
  const { charon, vici } = await open(t);
  t.equal((await vici.call('version')).version, '5.9.8');
  charon.slow = true;
  t.equal((await vici.call('version')).version, '5.9.8');
});

t.test('commands take turns, and events in between belong to whoever asked for them', async (t) => {
  const { charon, vici } = await open(t);
  charon.chatter = { name: 'list-conn', message: { odd: { version: 'IKEv1' } } };
  const loads = ['a', 'b', 'c'].map((name) => vici.call('load-conn', { [name]: { version: 2 } }));
  const listed = vici.list('list-conns', 'list-conn');
  const [, version] = await Promise.all([Promise.all(loads), vici.call('version')]);
  t.same(
    (await listed).map((event) => Object.keys(event)[0]),
    ['odd', 'a', 'b', 'c'],
  );
  t.equal(version.daemon, 'charon', 'an event that nobody waits for is passed over');
  t.same(charon.asked, ['load-conn', 'load-conn', 'load-conn', 'list-conns', 'version']);
});

t.test('what charon does not know or does not want is told in its words', async (t) => {
  const { vici } = await open(t);
  await t.rejects(vici.call('no-such-command'), { code: 'VICI_REFUSED', message: /no such command/ });
  await t.rejects(vici.call('unload-conn', { name: 'x' }), { code: 'VICI_REFUSED', message: /not found/ });
  await t.rejects(vici.list('version', 'no-such-event'), { code: 'VICI_REFUSED', message: /no event/ });
  t.equal((await vici.call('version')).daemon, 'charon', 'and the connection is still of use');
});

t.test('a charon that hangs costs the deadline, and its late answer is nobody’s', async (t) => {
  const { charon, vici } = await open(t);
  charon.silent = true;
  await t.rejects(vici.call('stats', {}, 50), { code: 'DEADLINE' });
  charon.silent = false;
  t.equal((await vici.call('version')).version, '5.9.8');
});

t.test('absence is told at once, and a restart is noticed with the next command', async (t) => {
  const { charon, vici } = await open(t);
  await vici.call('version');
  await charon.stop();
  await t.rejects(vici.call('version'), { code: 'NOT_RUNNING' });
  await charon.start();
  t.equal((await vici.call('version')).version, '5.9.8');
  charon.silent = true;
  const waits = vici.call('version');
  setImmediate(() => charon.hangUp());
  await t.rejects(waits, { code: 'NOT_RUNNING' });
});

t.test('bytes that are no VICI end the connection, not the client', async (t) => {
  const { charon, vici } = await open(t);
  charon.garbage = Buffer.from('ffffffff00', 'hex');
  await t.rejects(vici.call('version'), { code: 'PROTOCOL' });
  charon.garbage = Buffer.from('0000000109', 'hex');
  await t.rejects(vici.call('version'), { code: 'PROTOCOL' });
  t.equal((await vici.call('version')).version, '5.9.8');
});

t.test('whoever is closed waits no longer', async (t) => {
  const dir = mkdtempSync('/tmp/co-vici-');
  const server = createServer(() => undefined).listen(`${dir}/s`);
  t.teardown(() => {
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const vici = openVici(`${dir}/s`);
  const waits = vici.call('version');
  const behind = vici.call('version');
  setImmediate(() => vici.close());
  await t.rejects(waits, { code: 'NOT_RUNNING' });
  await t.rejects(behind, { code: 'NOT_RUNNING' });
});
