// The kernel enables a bridge's port some time after both ends are up; ADD answers after that.
import t from 'tap';
import { untilPortEnabled } from '../../../cni-plugins/bridge/settle.ts';
import { openIn } from '../effects/open.ts';
import { exec, isRoot } from '../support/namespaces.ts';

const options = { skip: isRoot ? false : 'needs root' };

t.test('it waits for the port, and no longer', options, async (t) => {
  const { ns, nl } = openIn(t, 'st');
  const { link: bridge } = await nl.ensureBridge('br0', { up: true });
  await nl.createVeth({ name: 'near', master: bridge.index }, { name: 'far' });
  await nl.setLink('near', { up: true });
  t.equal((await nl.getLink('near'))?.isPortEnabled, false, 'its other end is down');
  t.equal((await nl.getLink('far'))?.isPortEnabled, false, 'no port at all');
  let isSetUp = false;
  setTimeout(() => {
    isSetUp = true;
    exec(ns, 'ip', ['link', 'set', 'far', 'up']);
  }, 100);
  await untilPortEnabled(nl, 'near');
  t.ok(isSetUp);
  t.equal((await nl.getLink('near'))?.isPortEnabled, true);

  const begun = performance.now();
  await untilPortEnabled(nl, 'near');
  await untilPortEnabled(nl, 'absent');
  t.ok(performance.now() - begun < 500, 'one that is enabled, or gone, keeps nobody waiting');
});

t.test('a port without a carrier, or of a bridge that is down, is left after a second', options, async (t) => {
  const { nl } = openIn(t, 'sd');
  const { link: bridge } = await nl.ensureBridge('br0', {});
  await nl.createVeth({ name: 'near', master: bridge.index }, { name: 'far' });
  await Promise.all(['near', 'far'].map((name) => nl.setLink(name, { up: true })));
  const begun = performance.now();
  await untilPortEnabled(nl, 'near');
  t.ok(performance.now() - begun >= 1_000);
  t.equal((await nl.getLink('near'))?.isPortEnabled, false);
});

t.test('every port is enabled when it was waited for', options, async (t) => {
  const { ns, nl } = openIn(t, 'sm');
  const { link: bridge } = await nl.ensureBridge('br0', { up: true });
  for (let k = 0; k < 100; k += 1) {
    const near = `n${k}`;
    await nl.createVeth({ name: near, master: bridge.index, up: true }, { name: `f${k}` });
    await nl.setLink(`f${k}`, { up: true });
    await untilPortEnabled(nl, near);
  }
  const states = exec(ns, 'bridge', ['link', 'show']).match(/state \w+/g) ?? [];
  t.equal(states.length, 100);
  t.same(new Set(states), new Set(['state forwarding']));
});
