// IPsec between three hosts: everything reaches everything, nothing is seen on the underlay whatever dies, and only who proves
// to be whom it says is let in. The kernel encrypts where it can, charon where it cannot.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { parseSas } from '../../daemons/overlay/ipsec/parse-sas.ts';
import { espProposals, ikeProposals } from '../../daemons/overlay/ipsec/settings.ts';
import { openVici } from '../../daemons/overlay/ipsec/vici.ts';
import type { ViciSection } from '../../daemons/overlay/ipsec/vici-codec.ts';
import { patience } from '../../daemons/shared/effects/patience.ts';
import { hasCode } from '../../daemons/shared/model/errors.ts';
import { charonPlaces } from '../../daemons/shared/model/ipsec.ts';
import { pathsBelow } from '../../daemons/shared/model/paths.ts';
import { callJson } from '../../daemons/shared/source/call.ts';
import { findHost } from '../../daemons/supervisor/lab/plan-lab.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { makeTestLab, type TestLab } from './support/lab.ts';
import {
  changeRelease,
  charonOn,
  conditionOf,
  connectionsOn,
  countsTunnels,
  hasStrongswan,
  killOverlay,
  overlayOf,
  publicKeyOf,
  reaches,
  refusesPlain,
} from './support/secret-lab.ts';
import { pingTraffic } from './support/traffic.ts';
import { capture, sawTunnelsAlone, sendMarkers } from './support/underlay.ts';

t.setTimeout(300_000 * patience);

/** F2: traffic is back after charon was killed. */
const backMs = 15_000;

/** The host's own address inside. */
const gateway6 = (lab: TestLab, host: string): string =>
  /inet6 (fd\S+)\/\d+ scope global/.exec(lab.run(host, 'ip', '-6', 'addr', 'show', 'dev', 'corral0'))![1]!;

const flushAll =
  'for tables in iptables ip6tables; do for table in raw mangle filter nat; do $tables -t $table -F; done; ' +
  '$tables -P FORWARD ACCEPT; done';

if (!isRoot) t.plan(0, 'needs root');
else if (!hasStrongswan) t.plan(0, 'needs strongSwan (scripts/setup --ipsec)');
else
  t.test('three hosts', async (t) => {
    const lab = await makeTestLab(t, {
      driver: 'ipsec',
      ipv6: true,
      config: () => ({
        overlay: { ipsecUserSpace: 'allow', ipsecChildRekey: 10, ipsecIkeRekey: 60, ipsecDpd: 2, keyGrace: 5 },
      }),
    });
    const [a1, a2, a3] = ['h1/a1', 'h2/a2', 'h3/a3'] as const;
    const address = { a1: lab.addressOf('h1', 'a1'), a2: lab.addressOf('h2', 'a2'), a3: lab.addressOf('h3', 'a3') };
    const sixth = (container: string): string =>
      /inet6 (fd\S+)\/\d+ scope global/.exec(lab.run(container, 'ip', '-6', 'addr', 'show', 'dev', 'eth0'))![1]!;
    const address6 = { a1: sixth(a1), a2: sixth(a2), a3: sixth(a3) };
    let former: Buffer = Buffer.alloc(0);
    const seen = await capture(t, lab, 'ipsec');
    sendMarkers(t, lab, [a1, a2, a3], Object.values(address));
    sendMarkers(t, lab, [a1, a2, a3], Object.values(address6));

    await t.test('F17: full-size packets and a bulk transfer pass', async (t) => {
      const mtu = Number(/mtu (\d+)/.exec(lab.run(a1, 'ip', 'link', 'show', 'eth0'))?.[1]);
      const size = Math.min(mtu, 1_400) - 28;
      await until(10_000, `a packet of ${size} bytes passes whole`, () =>
        reaches(lab, a1, address.a2, '-M', 'do', '-s', String(size)),
      );
      const megabytes = 20;
      const sink = lab.start(t, a3, 'sh', '-c', `echo ready; nc -l -p 7777 | wc -c`);
      await until(10_000, 'the sink listens', () => sink.said().includes('ready'));
      await until(10_000, 'and takes it', () =>
        lab.succeeds(a1, 'sh', '-c', `head -c ${megabytes}000000 /dev/zero | timeout 30 nc -N ${address.a3} 7777`),
      );
      await until(20_000, 'all of it', () => sink.said().includes(`${megabytes}000000`));
      t.pass(`${megabytes} MB`);
    });

    await t.test('associations are made anew every 10 s without loss worth telling', async (t) => {
      const traffic = await pingTraffic(t, lab, a1, address.a2, 20);
      const log = `${pathsBelow(findHost(lab.lab.plan, 'h1').root).run}/ipsec/charon.log`;
      const rekeyed = (): number => readFileSync(log, 'utf8').split('closing CHILD_SA').length;
      const before = rekeyed();
      await until(60_000, 'two for each of two peers', () => rekeyed() >= before + 4);
      const { sent, lost } = await traffic.stop();
      t.ok(lost.length <= 2 + sent / 100, `${lost.length} of ${sent} packets were lost`);
    });

    await t.test('each host knows that its peers answer, and what their tunnels carry', async (t) => {
      await countsTunnels(t, lab, 'h1', ['h2', 'h3']);
    });

    await t.test('F2: charon killed hard is there again, and so is the traffic', async (t) => {
      const before = charonOn(lab, 'h2');
      lab.run('h2', 'kill', '-9', before);
      const began = performance.now();
      await until(backMs, 'traffic is back', () => reaches(lab, a1, address.a2) && reaches(lab, a3, address.a2));
      t.comment(`back after ${Math.round(performance.now() - began)} ms`);
      t.not(charonOn(lab, 'h2'), before, 'another one');
    });

    await t.test('F19: the overlay is killed and started anew; charon goes on without a loss', async (t) => {
      const before = charonOn(lab, 'h1');
      const { sent, lost } = await killOverlay(t, lab, 'h1', { from: a1, address: address.a3 });
      await until(15_000, 'it has found the tunnels again', async () => (await conditionOf(lab, 'h1', 'ipsec'))?.ok);
      t.equal(charonOn(lab, 'h1'), before, 'the same process');
      t.ok(lost.length <= 1 + sent / 100, `${lost.length} of ${sent} packets were lost`);
    });

    await t.test('F19: a host goes on as another release, and as this one again', async (t) => {
      const before = charonOn(lab, 'h2');
      for (const { sent, lost } of await changeRelease(t, lab, 'h2', { from: a1, address: address.a2 }))
        t.ok(lost.length <= 1 + sent / 100, `${lost.length} of ${sent} packets were lost`);
      t.equal(charonOn(lab, 'h2'), before, 'charon is the same process');
    });

    await t.test('F19: a whole suite stops and starts anew', async (t) => {
      await lab.fault('kill', 'h2');
      lab.run('h2', 'kill', '-TERM', charonOn(lab, 'h2'));
      await until(15_000, 'its tunnels are down', () => !reaches(lab, a2, address.a3));
      for (let count = 0; count < 3; count += 1) t.notOk(reaches(lab, a2, address.a3), 'it leads nowhere');
      await lab.fault('resume', 'h2');
      await until(60_000, 'traffic is back', () => reaches(lab, a2, address.a3) && reaches(lab, a1, address.a2));
    });

    await t.test('IPv6 inside goes the same way, from containers and from hosts', async (t) => {
      await until(30_000, 'it passes', () => reaches(lab, a1, address6.a2) && reaches(lab, a3, address6.a1));
      t.ok(reaches(lab, 'h1', address6.a2) && reaches(lab, 'h1', address.a2), 'from a host');
      t.ok(reaches(lab, 'h1', address6.a1) && reaches(lab, a1, gateway6(lab, 'h1')), 'on a host');
    });

    await t.test('without charon, rules and the last routes nothing leaves in the clear', async (t) => {
      // Whoever writes rules or routes anew.
      for (const daemon of ['overlay', 'network-manager']) await lab.fault('pause', 'h3', daemon);
      lab.run('h3', 'sh', '-c', flushAll);
      for (const family of ['-4', '-6']) lab.run('h3', 'ip', family, 'route', 'flush', 'type', 'unreachable');
      lab.run('h3', 'kill', '-9', charonOn(lab, 'h3'));
      const ways = [address.a1, address6.a1].flatMap((to) => [
        [a3, to],
        ['h3', to],
      ]) as [string, string][];
      await until(10_000, 'nothing arrives', () => !ways.some(([from, to]) => reaches(lab, from, to)));
      for (const [from, to] of ways) t.notOk(reaches(lab, from, to), `${from} to ${to}: it leads nowhere`);
      t.notOk(reaches(lab, 'h3', address6.a1, '-I', gateway6(lab, 'h3')), 'nor with the address inside');
      for (const daemon of ['network-manager', 'overlay']) await lab.fault('resume', 'h3', daemon);
      await until(30_000, 'traffic is back', () => reaches(lab, a3, address.a1) && reaches(lab, a3, address6.a1));
    });

    await t.test('a host whose cable was cut joins again, with the new key of another', async (t) => {
      former = privateKeyOf(lab, 'h1');
      await lab.fault('cut', 'h3');
      await until(60_000, 'h3 is lost', async () => (await conditionOf(lab, 'h1', 'ipsec'))?.ok === false);
      await callJson(overlayOf(lab, 'h1'), '/v1/keys/rotate', { method: 'POST' });
      await until(60_000, 'h1 signs with its new key', () => !privateKeyOf(lab, 'h1').equals(former));
      await until(30_000, 'the others go on', () => reaches(lab, a1, address.a2));
      await lab.fault('heal', 'h3');
      await until(60_000, 'h3 is back', () => reaches(lab, a1, address.a3) && reaches(lab, a3, address.a2));
      t.pass('with the new key');
    });

    await t.test('who signs with the former key is cut off alone, and named', async (t) => {
      const told = await connectionsOn(lab, 'h1');
      await lab.fault('pause', 'h1', 'overlay');
      const isCutOff = (): boolean => !reaches(lab, a2, address.a1) && !reaches(lab, a3, address.a1);
      // The others take the former key until they have read of the new one and loaded it.
      await until(90_000, 'h1 is cut off', async () => {
        await signWith(lab, 'h1', former, ['h2', 'h3']);
        return until(10_000, 'nothing reaches h1', isCutOff).then(
          () => true,
          () => false,
        );
      });
      const named = await until(60_000, 'h1 is named', async () => {
        const state = await conditionOf(lab, 'h2', 'ipsec');
        return state?.code === 'PEER_REFUSED' ? state : undefined;
      });
      t.match(named.text, 'h1');
      t.notMatch(named.text, 'h3');
      t.ok(reaches(lab, a2, address.a3), 'the others go on');
      await lab.fault('resume', 'h1', 'overlay');
      await until(60_000, 'h1 is back', () => reaches(lab, a2, address.a1) && reaches(lab, a3, address.a1));
      await until(30_000, 'charon is told again what somebody had told it otherwise', async () =>
        isDeepStrictEqual(await connectionsOn(lab, 'h1'), told),
      );
    });

    await t.test('nothing of all this was seen on the underlay', async (t) => {
      await sawTunnelsAlone(t, seen, 1_000);
    });

    await t.test('what comes in the clear is not let in, not even where no rule is left', (t) =>
      refusesPlain(t, lab, 'h1', 'a1', address.a2),
    );

    await t.test('secrets are nobody’s to read', async (t) => {
      for (const host of lab.hosts) {
        const { run } = pathsBelow(host.root);
        t.equal(statSync(`${run}/ipsec`).mode & 0o077, 0);
        t.notMatch(readFileSync(`${run}/ipsec/strongswan.conf`, 'utf8'), /secret|PRIVATE/);
      }
    });

    await t.test('cleanup leaves nothing', async (t) => {
      await lab.fault('kill', 'h3');
      t.match(lab.run('h3', 'corral', 'cleanup', '--yes'), /process: charon/);
      t.equal(lab.run('h3', 'ip', 'xfrm', 'policy'), '');
      for (const family of ['-4', '-6']) t.notMatch(lab.run('h3', 'ip', family, 'rule'), /143/);
      t.notOk(lab.succeeds('h3', 'pgrep', '-x', 'charon-systemd'));
      t.notMatch(lab.run('h3', 'ip', 'link'), /ipsec0|xfrm/);
    });
  });

/** The private key that the host signs with now (PKCS #8). */
function privateKeyOf(lab: TestLab, host: string): Buffer {
  const { state } = pathsBelow(findHost(lab.lab.plan, host).root);
  const own = JSON.parse(readFileSync(`${state}/keys/own.json`, 'utf8')) as { ipsec: string[] };
  return Buffer.from(own.ipsec[0] ?? '', 'base64');
}

/** Lets charon of a host sign with another key, behind the back of its overlay, which has to stand still meanwhile. */
async function signWith(lab: TestLab, host: string, key: Buffer, others: readonly string[]): Promise<void> {
  const vici = openVici(charonPlaces(pathsBelow(findHost(lab.lab.plan, host).root).run).socket);
  try {
    const own = createPublicKey(createPrivateKey({ key, type: 'pkcs8', format: 'der' }));
    await vici.call('load-key', { type: 'any', data: key });
    const keys = await Promise.all(others.map((other) => publicKeyOf(lab, other, 'ipsec')));
    const begin: { ike: string; child: string }[] = [];
    for (const event of await vici.list('list-conns', 'list-conn')) {
      const [[name, have] = ['', {}]] = Object.entries(event) as [string, ViciSection][];
      const ends = have as unknown as Record<'local-1' | 'remote-1', { id: string }> & {
        local_addrs: string[];
        remote_addrs: string[];
        children: Record<string, { 'local-ts': string[]; 'remote-ts': string[] }>;
      };
      const [[child = '', ts] = []] = Object.entries(ends.children);
      const { local_addrs, remote_addrs } = ends;
      const children = {
        [child]: {
          local_ts: ts?.['local-ts'] ?? [],
          remote_ts: ts?.['remote-ts'] ?? [],
          esp_proposals: espProposals,
          start_action: 'trap',
        },
      };
      await vici.call('load-conn', {
        [name]: {
          version: 2,
          local_addrs,
          remote_addrs,
          proposals: ikeProposals,
          encap: true,
          local: { auth: 'pubkey', id: ends['local-1'].id, pubkeys: [own.export({ type: 'spki', format: 'der' })] },
          remote: {
            auth: 'pubkey',
            id: ends['remote-1'].id,
            pubkeys: keys.map((one) => Buffer.from(one, 'base64')),
          },
          children,
        },
      });
      begin.push({ ike: name, child });
    }
    // Also those that are left of another name; one may go by itself meanwhile.
    const isGone = (error: unknown): void => {
      if (!hasCode(error, 'VICI_REFUSED')) throw error;
    };
    for (const { id } of parseSas(await vici.list('list-sas', 'list-sa')))
      await vici.call('terminate', { 'ike-id': id, force: true, timeout: -1 }).catch(isGone);
    for (const one of begin) await vici.call('initiate', { ...one, timeout: -1 });
  } finally {
    vici.close();
  }
}
