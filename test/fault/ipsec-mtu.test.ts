// F17 (IPsec, ESP in a process): full-size packets and a large transfer over uplinks of 1,400 to 9,000 bytes, with containers that
// believe in a larger way than there is. No hang, and no fragments on the underlay.
import { existsSync } from 'node:fs';
import t from 'tap';
import { fragmentsOf, transfer, watchFragments } from '../netns/overlay/support/bulk.ts';
import { linkShown, makeSwitch, patience, pings, portOf } from '../netns/overlay/support/hosts.ts';
import { makeSecretHosts, plain, reaches } from '../netns/overlay/support/secret-hosts.ts';
import { exec, isRoot, type Namespace, until } from '../netns/support/namespaces.ts';

t.setTimeout(200_000);

const bytes = 50 << 20;
/** What charon's device carries at most. */
const mostMtu = 1_400;
const overhead = 98;

if (!isRoot) t.plan(0, 'needs root');
else if (!existsSync('/usr/sbin/charon-systemd')) t.plan(0, 'needs strongSwan (scripts/setup --ipsec)');
else
  for (const uplink of [1_400, 1_500, 9_000]) {
    t.test(`uplinks of ${uplink} bytes`, async (t) => {
      const sw = makeSwitch(t);
      const { hosts, containers } = await makeSecretHosts(t, {
        driver: 'ipsec',
        switches: [sw, sw],
        env: { CORRAL_OVERLAY_IPSEC_USER_SPACE: 'allow' },
        prepare: (made) => {
          for (const { ns } of made) {
            exec(ns, 'ip', ['link', 'set', 'eth0', 'mtu', String(uplink)]);
            exec(sw, 'ip', ['link', 'set', portOf({ ns }), 'mtu', String(uplink)]);
          }
        },
      });
      const [c1, c2] = containers as [Namespace, Namespace];
      exec(c2, 'ip', ['link', 'set', 'eth0', 'mtu', '1500']);
      await until(patience, 'container reaches container', () => reaches(c1, 2));
      const inner = Math.min(uplink - overhead, mostMtu);
      t.equal(linkShown(hosts[0]!, 'ipsec0')?.mtu, inner);
      t.ok(pings(c1, plain(2), inner), 'the largest packet of a container');
      const before = hosts.map(({ ns }) => fragmentsOf(ns));
      const seen = await watchFragments(t, sw);
      t.equal(await transfer(c1, c2, plain(2), bytes), bytes, 'there');
      t.equal(await transfer(c2, c1, plain(1), bytes), bytes, 'and back');
      t.notOk(pings(c2, plain(1), 1_500), 'one that is too large is told so');
      t.same(
        hosts.map(({ ns }) => fragmentsOf(ns)),
        before,
        'no fragments are made',
      );
      t.same(seen().slice(0, 3), [], 'and none are seen');
    });
  }
