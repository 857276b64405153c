// What becomes of IPsec tunnels when peers and the way to them behave badly: both ends begin at once, one is started anew with
// nothing left, falls silent, moves, is behind a translation of addresses whose ports change, or is not there at all. ESP is
// charon's own here, which every kernel carries; what the kernel's makes of a bad way is in test/vm/inside/.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type IkeSa, parseSas } from '../../daemons/overlay/ipsec/parse-sas.ts';
import { openVici } from '../../daemons/overlay/ipsec/vici.ts';
import { charonPlaces } from '../../daemons/shared/model/ipsec.ts';
import {
  blockObject,
  type Host,
  hostIdOf,
  hostObject,
  makeSwitch,
  portOf,
  startDaemon,
} from '../netns/overlay/support/hosts.ts';
import { farAddress, makeRouter, settleFar, settleNear } from '../netns/overlay/support/router.ts';
import { charonsOf, connected, endCharon, makeSecretHosts, reaches } from '../netns/overlay/support/secret-hosts.ts';
import { exec, isRoot, type Namespace, until } from '../netns/support/namespaces.ts';

t.setTimeout(280_000);

const settings = { CORRAL_OVERLAY_IPSEC_USER_SPACE: 'allow', CORRAL_OVERLAY_IPSEC_DPD: '2' };

async function sasOf({ root }: Host): Promise<IkeSa[]> {
  const vici = openVici(charonPlaces(join(root, 'run/corral')).socket);
  try {
    return parseSas(await vici.list('list-sas', 'list-sa'));
  } finally {
    vici.close();
  }
}

/** Waits until both ends reach each other again, and tells how long that took. */
async function untilBack(t: Test, what: string, limitMs: number, [c1, c2]: readonly Namespace[]): Promise<void> {
  const began = performance.now();
  await until(limitMs, what, () => reaches(c1!, 2) && reaches(c2!, 1));
  t.comment(`${what}: back after ${Math.round(performance.now() - began)} ms`);
}

/** One association of each kind, older than everything that could still replace it. */
function isStable(sas: readonly IkeSa[]): boolean {
  const [ike] = sas;
  return sas.length === 1 && ike!.state === 'ESTABLISHED' && ike!.age >= 8 && ike!.children.length === 1;
}

if (!isRoot) t.plan(0, 'needs root');
else if (!existsSync('/usr/sbin/charon-systemd')) t.plan(0, 'needs strongSwan (scripts/setup --ipsec)');
else {
  t.test('two hosts', async (whole) => {
    const sw = makeSwitch(whole);
    const { hosts, daemons, containers } = await makeSecretHosts(whole, {
      driver: 'ipsec',
      switches: [sw, sw],
      env: settings,
    });
    const [h1, h2] = hosts as [Host, Host];
    await untilBack(whole, 'connected', 30_000, containers);

    await whole.test('both begin at once: one stable pair is left', async (t) => {
      const before = hosts.flatMap(({ ns }) => charonsOf(ns));
      for (const { ns } of hosts) endCharon(ns);
      await until(10_000, 'both are new', () =>
        hosts.every(({ ns }) => charonsOf(ns).some((pid) => !before.includes(pid))),
      );
      await untilBack(t, 'both new', 15_000, containers);
      await until(40_000, 'it is stable', async () => isStable(await sasOf(h1)) && isStable(await sasOf(h2)));
      t.ok(reaches(containers[0]!, 2), 'and carries');
    });

    await whole.test('a peer is started anew with nothing left', async (t) => {
      for (const [at, host] of hosts.entries()) {
        await daemons[at]!.end('SIGKILL');
        endCharon(host.ns);
        rmSync(join(host.root, 'run/corral/ipsec'), { recursive: true, force: true });
        daemons[at] = startDaemon(whole, host, settings);
        await untilBack(t, `host ${host.number}`, 15_000, containers);
      }
    });

    await whole.test('a peer moves', async (t) => {
      const [{ name: former }] = (await sasOf(h1)) as [IkeSa];
      exec(h2.ns, 'sysctl', ['-qw', 'net.ipv4.conf.eth0.promote_secondaries=1']);
      exec(h2.ns, 'ip', ['addr', 'add', '192.168.50.112/24', 'dev', 'eth0']);
      exec(h2.ns, 'ip', ['addr', 'del', '192.168.50.12/24', 'dev', 'eth0']);
      const moved = hostObject(2, { agentIp: '192.168.50.112' });
      h2.metadata.change([moved]);
      await untilBack(t, 'as soon as it knows itself', 20_000, containers);
      h1.metadata.change([moved]);
      await until(60_000, 'one association of the new record', async () => {
        const sas = await Promise.all(hosts.map(sasOf));
        return sas.every(isStable) && sas[0]![0]!.name !== former;
      });
      t.ok(reaches(containers[0]!, 2));
      await Promise.all(daemons.map(connected));
    });

    await whole.test('a peer is silent: it is given up, and asked until it is back', async (t) => {
      exec(sw, 'ip', ['link', 'set', portOf(h2), 'down']);
      const began = performance.now();
      await until(60_000, 'it is given up', async () =>
        [...(await sasOf(h1)), ...(await sasOf(h2))].every(({ state }) => state !== 'ESTABLISHED'),
      );
      t.comment(`given up after ${Math.round(performance.now() - began)} ms`);
      exec(sw, 'ip', ['link', 'set', portOf(h2), 'up']);
      await untilBack(t, 'it is heard again', 15_000, containers);
    });
  });

  t.test('a peer behind a router that translates, and changes its ports', async (t) => {
    const [near, far] = [makeSwitch(t), makeSwitch(t)];
    const router = makeRouter(t, near, far);
    router.translate(20_000, 20_999);
    const { hosts, containers } = await makeSecretHosts(t, {
      driver: 'ipsec',
      switches: [near, far],
      env: settings,
      objects: [hostObject(2, { agentIp: farAddress(2) })],
      prepare: ([h1, h2]) => {
        settleNear(h1!);
        settleFar(h2!);
      },
    });
    await untilBack(t, 'connected', 30_000, containers);
    router.translate(30_000, 30_999);
    t.notOk(reaches(containers[0]!, 2), 'its former port leads nowhere');
    await untilBack(t, 'by other ports', 20_000, containers);
    await until(40_000, 'nobody asks in vain any more', async () => {
      const sas = await Promise.all(hosts.map(sasOf));
      return sas.every(isStable);
    });
    t.ok(reaches(containers[0]!, 2));
  });

  t.test('a peer that is not there', async (t) => {
    const sw = makeSwitch(t);
    const { hosts, containers } = await makeSecretHosts(t, {
      driver: 'ipsec',
      switches: [sw, sw, sw],
      env: settings,
      prepare: ([, , h3]) => exec(sw, 'ip', ['link', 'set', portOf(h3!), 'down']),
    });
    const [h1, h2, h3] = hosts as [Host, Host, Host];
    await untilBack(t, 'the others are connected', 30_000, containers);
    const toThird = async (host: Host): Promise<string[]> =>
      (await sasOf(host)).filter(({ name }) => name.includes(h3.id)).map(({ state }) => state);
    await until(
      15_000,
      'it is asked',
      async () => (await toThird(h1))[0] === 'CONNECTING' && (await toThird(h2))[0] === 'CONNECTING',
    );
    for (const host of [h1, h2]) host.metadata.change([], [`host/${hostIdOf(3)}`, `block/${blockObject(3).id}`]);
    const began = performance.now();
    await until(
      15_000,
      'nobody asks it any more',
      async () => (await toThird(h1)).length + (await toThird(h2)).length === 0,
    );
    t.comment(`forgotten after ${Math.round(performance.now() - began)} ms`);
    exec(sw, 'ip', ['link', 'set', portOf(h3), 'up']);
    await until(30_000, 'it asks', async () => (await sasOf(h3)).length > 0);
    t.notOk(reaches(containers[2]!, 1), 'it is nobody’s peer');
    t.same(await toThird(h1), []);
    t.ok(reaches(containers[0]!, 2), 'the others go on');
  });
}
