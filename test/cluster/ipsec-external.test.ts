// A charon that somebody else runs: a host uses it as it would its own, its death and its restart heal, and what is ours in it
// goes with the last network that needs it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { renderConfig } from '../../daemons/overlay/ipsec/charon/render-config.ts';
import { parseConnections, parseTraps } from '../../daemons/overlay/ipsec/parse-sas.ts';
import { openVici, type Vici } from '../../daemons/overlay/ipsec/vici.ts';
import { type CharonPlaces, charonPlaces } from '../../daemons/shared/model/ipsec.ts';
import { pathsBelow } from '../../daemons/shared/model/paths.ts';
import { findHost } from '../../daemons/supervisor/lab/plan-lab.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { corralCommand, makeTestLab, type TestLab } from './support/lab.ts';
import { charonOn, conditionOf, hasStrongswan, killOverlay, reaches } from './support/secret-lab.ts';
import { capture, sawTunnelsAlone, sendMarkers } from './support/underlay.ts';

t.setTimeout(240_000);

if (!isRoot) t.plan(0, 'needs root');
else if (!hasStrongswan) t.plan(0, 'needs strongSwan (scripts/setup --ipsec)');
else
  t.test('two hosts, one with a charon of somebody else', async (t) => {
    const lab = await makeTestLab(t, {
      hosts: 2,
      driver: 'ipsec',
      config: () => ({ overlay: { ipsecUserSpace: 'allow', ipsecDpd: 2 } }),
    });
    const [a1, a2] = ['h1/a1', 'h2/a2'] as const;
    const address = { a1: lab.addressOf('h1', 'a1'), a2: lab.addressOf('h2', 'a2') };
    const places = placesOf(lab, 'h2');
    const seen = await capture(t, lab, 'ipsec');
    sendMarkers(t, lab, [a1, a2], Object.values(address));
    const isJoined = (): boolean => reaches(lab, a1, address.a2) && reaches(lab, a2, address.a1);
    const mode = lab.succeeds('h2', 'ip', 'link', 'show', 'xfrm1042') ? 'interface' : 'user-space';
    mkdirSync(places.dir, { recursive: true, mode: 0o700 });
    writeFileSync(places.config, renderConfig(mode, places));

    await t.test('a host that is told of it ends its own, and waits for the other', async (t) => {
      useExternal(lab, 'h2');
      await lab.fault('kill', 'h2', 'overlay');
      await until(60_000, 'its own is ended', () => !lab.succeeds('h2', 'pgrep', '-x', 'charon-systemd'));
      const state = await until(30_000, 'it says that there is none', async () => {
        const state = await conditionOf(lab, 'h2', 'ipsec').catch(() => undefined);
        return state?.code === 'NOT_RUNNING' ? state : undefined;
      });
      t.match(state.text, places.socket);
    });

    await t.test('it is used as soon as it runs', async (t) => {
      await startCharon(lab, places);
      await until(60_000, 'traffic is back', isJoined);
      await until(30_000, 'it is well', async () => (await conditionOf(lab, 'h2', 'ipsec'))?.ok);
      t.match(readFileSync(places.log, 'utf8'), 'added vici connection: corral-');
    });

    await t.test('it dies and runs again at once, in the same second too', async (t) => {
      for (const _ of [1, 2, 3]) {
        const former = charonOn(lab, 'h2');
        lab.run('h2', 'kill', '-9', former);
        const now = await startCharon(lab, places);
        t.not(now, former);
        const began = performance.now();
        await until(30_000, 'traffic is back', isJoined);
        t.comment(`back after ${Math.round(performance.now() - began)} ms`);
      }
    });

    await t.test('it is away for a while', async () => {
      lab.run('h2', 'kill', '-TERM', charonOn(lab, 'h2'));
      await until(30_000, 'h2 says so', async () => (await conditionOf(lab, 'h2', 'ipsec'))?.code === 'NOT_RUNNING');
      // It takes leave of its peers first; its associations in the kernel go last.
      await until(10_000, 'nothing passes', () => !isJoined());
      await startCharon(lab, places);
      await until(30_000, 'traffic is back', isJoined);
      await until(30_000, 'it is well', async () => (await conditionOf(lab, 'h2', 'ipsec'))?.ok);
    });

    await t.test('the overlay is killed; it goes on without a loss', async (t) => {
      const before = charonOn(lab, 'h2');
      const { sent, lost } = await killOverlay(t, lab, 'h2', { from: a1, address: address.a2 });
      t.equal(charonOn(lab, 'h2'), before);
      t.ok(lost.length <= 1 + sent / 100, `${lost.length} of ${sent} packets were lost`);
    });

    await t.test('nothing of all this was seen on the underlay', async (t) => {
      await sawTunnelsAlone(t, seen, 500);
    });

    await t.test(
      'without a network that needs it, nothing of ours is left in it, and what is not ours stays',
      async (t) => {
        const before = charonOn(lab, 'h2');
        const vici = openVici(places.socket);
        t.teardown(() => vici.close());
        await vici.call('load-conn', { theirs: { version: 2, remote_addrs: ['192.0.2.7'], local: { auth: 'psk' } } });
        await vici.call('load-shared', { id: 'theirs', type: 'IKE', data: 'something of theirs' });
        lab.run('h1', corralCommand, 'network', 'set', 'corral', '--driver', 'vxlan');
        await until(30_000, 'it is empty', async () => {
          const [connections, { keys }] = [await connectionsIn(vici), await vici.call('get-keys')];
          if (connections.join() !== 'theirs' || keys?.length !== 0) return false;
          return (await vici.list('list-sas', 'list-sa')).length === 0; // the peer may have to agree to their end
        });
        t.same((await vici.call('get-shared')).keys, ['theirs']);
        await until(30_000, 'containers reach each other by VXLAN', isJoined);
        t.same(
          parseTraps(await vici.list('list-policies', 'list-policy', { trap: true })),
          [],
          'nothing waits for packets',
        );
        t.equal(charonOn(lab, 'h2'), before, 'it runs on');
        lab.run('h1', corralCommand, 'network', 'set', 'corral', '--driver', 'ipsec');
        await until(60_000, 'it is used again', async () => (await connectionsIn(vici)).length === 2);
        await until(30_000, 'traffic is back', isJoined);
      },
    );
  });

/** Where the other one's files are: in the volume of a container, say. */
function placesOf(lab: TestLab, host: string): CharonPlaces {
  return charonPlaces(`${findHost(lab.lab.plan, host).root}/external`);
}

function useExternal(lab: TestLab, host: string): void {
  const { config } = pathsBelow(findHost(lab.lab.plan, host).root);
  const before = JSON.parse(readFileSync(config, 'utf8')) as { overlay: object };
  const overlay = { ...before.overlay, ipsecCharon: placesOf(lab, host).socket };
  writeFileSync(config, JSON.stringify({ ...before, overlay }));
}

/** @returns its process id, as the host numbers it */
async function startCharon(lab: TestLab, { socket, config }: CharonPlaces): Promise<string> {
  const charons = (): string[] =>
    lab.run('h2', 'sh', '-c', 'pgrep -x -r D,R,S charon-systemd || true').split('\n').filter(Boolean);
  const former = charons();
  // One that was killed has its ports until the last of its threads is gone; without them the next one would run and hear nobody.
  await until(10_000, 'the ports are free', () => !/:4?500\b/.test(lab.run('h2', 'ss', '-Hlun')));
  const line = `rm -f ${socket}; STRONGSWAN_CONF=${config} exec charon-systemd`;
  // It outlives the subtest, and goes with the lab.
  lab.start({ teardown: () => {} }, 'h2', 'sh', '-c', line);
  return until(15_000, 'charon runs', () => charons().find((pid) => !former.includes(pid)));
}

async function connectionsIn(vici: Vici): Promise<string[]> {
  return [...parseConnections(await vici.list('list-conns', 'list-conn')).keys()].sort();
}
