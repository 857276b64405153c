// A whole lab whose network is WireGuard: three hosts with the suite of a release, on one etcd. Whoever listens between them, from
// before the first packet to the last, sees nothing in the clear, whatever dies.
import t from 'tap';
import { patience } from '../../../daemons/shared/effects/patience.ts';
import { callJson } from '../../../daemons/shared/source/call.ts';
import { isWell } from '../../../daemons/supervisor/lab/render-lab.ts';
import { makeTestLab } from '../../cluster/support/lab.ts';
import {
  changeRelease,
  conditionOf,
  countsTunnels,
  killOverlay,
  overlayOf,
  peersOf,
  publicKeyOf,
  reaches,
  refusesPlain,
} from '../../cluster/support/secret-lab.ts';
import { capture, sawTunnelsAlone, sendMarkers } from '../../cluster/support/underlay.ts';
import { until } from '../../netns/support/namespaces.ts';

t.setTimeout(60_000 * patience);

/** Per packet 20 ms apart: what an emulated processor may lose without a fault of ours. */
const isLittle = ({ sent, lost }: { sent: number; lost: readonly number[] }): boolean => lost.length <= 1 + sent / 100;

t.test('three hosts', async (t) => {
  const lab = await makeTestLab(t, { driver: 'wireguard', config: () => ({ overlay: { keyGrace: 5 } }) });
  const [a1, a2, a3] = ['h1/a1', 'h2/a2', 'h3/a3'] as const;
  const address = { a1: lab.addressOf('h1', 'a1'), a2: lab.addressOf('h2', 'a2'), a3: lab.addressOf('h3', 'a3') };
  const seen = await capture(t, lab, 'wireguard');
  sendMarkers(t, lab, [a1, a2, a3], Object.values(address));

  await t.test('everything reaches everything, and each host knows what its tunnels carry', async (t) => {
    t.ok(isWell(await lab.report()));
    await countsTunnels(t, lab, 'h1', ['h2', 'h3']);
  });

  await t.test('the overlay is killed: nothing is lost', async (t) => {
    const losses = await killOverlay(t, lab, 'h1', { from: a1, address: address.a3 });
    t.ok(isLittle(losses), `${losses.lost.length} of ${losses.sent} packets were lost`);
  });

  await t.test('a host goes on as another release, and as this one again', async (t) => {
    for (const losses of await changeRelease(t, lab, 'h2', { from: a1, address: address.a2 }))
      t.ok(isLittle(losses), `${losses.lost.length} of ${losses.sent} packets were lost`);
  });

  await t.test('a host whose cable was cut joins again, with the new key of another', async (t) => {
    const before = await publicKeyOf(lab, 'h1', 'wireguard');
    await lab.fault('cut', 'h3');
    await until(60_000, 'h3 is lost', async () => (await peersOf(lab, 'h1')).some(({ state }) => state !== 'up'));
    await callJson(overlayOf(lab, 'h1'), '/v1/keys/rotate', { method: 'POST' });
    await until(60_000, 'h1 has its new key', async () => (await publicKeyOf(lab, 'h1', 'wireguard')) !== before);
    await until(30_000, 'the others go on', () => reaches(lab, a1, address.a2));
    await lab.fault('heal', 'h3');
    await until(60_000, 'h3 is back', () => reaches(lab, a1, address.a3) && reaches(lab, a3, address.a2));
    t.pass('with the new key');
  });

  await t.test('a whole suite is killed and its device taken: no way in the clear; it starts anew', async (t) => {
    await lab.fault('kill', 'h2');
    lab.run('h2', 'ip', 'link', 'delete', 'wg1042');
    for (let count = 0; count < 3; count += 1) t.notOk(reaches(lab, a2, address.a3), 'it leads nowhere');
    await lab.fault('resume', 'h2');
    await until(60_000, 'traffic is back', () => reaches(lab, a2, address.a3) && reaches(lab, a1, address.a2));
    t.ok((await conditionOf(lab, 'h2', 'overlay'))?.ok);
  });

  await t.test('nothing of all this was seen on the underlay', async (t) => {
    await sawTunnelsAlone(t, seen, 500);
  });

  await t.test('what comes in the clear is not let in, not even where no rule is left', (t) =>
    refusesPlain(t, lab, 'h1', 'a1', address.a2),
  );

  await t.test('cleanup leaves nothing', async (t) => {
    await lab.fault('kill', 'h3');
    lab.run('h3', 'corral', 'cleanup', '--yes');
    t.notMatch(lab.run('h3', 'ip', 'link'), 'wg1042');
    t.equal(lab.run('h3', 'ip', 'xfrm', 'policy'), '');
    t.notMatch(lab.run('h3', 'ip', 'route', 'show', 'type', 'unreachable'), '10.42');
  });
});
