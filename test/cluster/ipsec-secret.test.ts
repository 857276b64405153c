// IPsec with one secret for all hosts, for compatibility: everything reaches everything, a host with another secret is cut off
// alone and named, and the secret is exchanged while packets flow.
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { pathsBelow } from '../../daemons/shared/model/paths.ts';
import { findHost } from '../../daemons/supervisor/lab/plan-lab.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { makeTestLab, type TestLab } from './support/lab.ts';
import { charonOn, conditionOf, connectionsOf, hasStrongswan, peersOf, reaches } from './support/secret-lab.ts';
import { pingTraffic } from './support/traffic.ts';
import { capture, sawTunnelsAlone, sendMarkers } from './support/underlay.ts';

t.setTimeout(240_000);

const first = 'c0ffee00'.repeat(4);
const second = 'decade00'.repeat(4);
const wrong = 'badcafe0'.repeat(4);

if (!isRoot) t.plan(0, 'needs root');
else if (!hasStrongswan) t.plan(0, 'needs strongSwan (scripts/setup --ipsec)');
else
  t.test('three hosts with one secret', async (t) => {
    const lab = await makeTestLab(t, {
      driver: 'ipsec',
      config: ({ root }) => {
        mkdirSync(root, { recursive: true });
        writeSecret(root, first);
        return { overlay: { ipsecUserSpace: 'allow', ipsecSecretFile: secretFile(root), ipsecDpd: 2 } };
      },
    });
    const [a1, a2, a3] = ['h1/a1', 'h2/a2', 'h3/a3'] as const;
    const address = { a1: lab.addressOf('h1', 'a1'), a2: lab.addressOf('h2', 'a2'), a3: lab.addressOf('h3', 'a3') };
    const seen = await capture(t, lab, 'ipsec');
    sendMarkers(t, lab, [a1, a2, a3], Object.values(address));

    await t.test('all tunnels stand, by the secret and by nothing else', async (t) => {
      for (const host of ['h1', 'h2', 'h3']) {
        const peers = await until(30_000, `${host} knows its tunnels`, async () => {
          const told = await peersOf(lab, host);
          return told.every(({ state, tunnel }) => state === 'up' && tunnel?.state === 'established')
            ? told
            : undefined;
        });
        t.equal(peers.length, 2, host);
        const log = charonLog(lab, host);
        t.match(log, /authentication of .* with pre-shared key successful/);
        t.notMatch(log, /with (ED25519|RSA|ECDSA)/i);
      }
    });

    await t.test('another secret on all hosts, one after the other, while packets flow', async (t) => {
      const traffic = await pingTraffic(t, lab, a1, address.a2, 20);
      const charon = charonOn(lab, 'h1');
      const former = new Map<string, ReadonlySet<string>>();
      for (const { name } of lab.hosts) former.set(name, await connectionsOf(lab, name));
      const began = performance.now();
      for (const { root } of lab.hosts) writeSecret(root, second);
      for (const { name } of lab.hosts) {
        await until(100_000, `${name} has tunnels by the next secret alone`, async () => {
          const now = await connectionsOf(lab, name);
          return now.size === 2 && [...now].every((one) => !former.get(name)?.has(one));
        });
      }
      t.comment(`changed on all hosts after ${Math.round(performance.now() - began)} ms`);
      const { sent, lost } = await traffic.stop();
      t.comment(`${lost.length} of ${sent} packets were lost`);
      t.ok(lost.length <= 2 + sent / 100, `${lost.length} of ${sent} packets were lost`);
      t.equal(charonOn(lab, 'h1'), charon, 'the same process');
    });

    await t.test('a host with another secret is cut off alone, and named', async (t) => {
      const { root } = findHost(lab.lab.plan, 'h3');
      writeSecret(root, wrong);
      const named = async (host: string, ...others: string[]) =>
        until(60_000, `${host} names ${others.join(' and ')}`, async () => {
          const state = await conditionOf(lab, host, 'ipsec');
          const isNamed = state?.code === 'PEER_REFUSED' && others.every((other) => state.text.includes(other));
          return isNamed ? state : undefined;
        });
      t.comment(`h3: ${(await named('h3', 'h1', 'h2')).text}`);
      t.ok(reaches(lab, a1, address.a3), 'associations that stand carry on for a minute');
      lab.run('h3', 'kill', '-9', charonOn(lab, 'h3'));
      for (const host of ['h1', 'h2']) {
        const { text } = await named(host, 'h3');
        t.comment(`${host}: ${text}`);
        t.notMatch(text, host === 'h1' ? 'h2' : 'h1');
      }
      for (let count = 0; count < 3; count += 1) {
        t.notOk(reaches(lab, a1, address.a3), 'it is not reached');
        t.notOk(reaches(lab, a3, address.a2), 'and reaches nobody');
        t.ok(reaches(lab, a1, address.a2), 'the others go on');
      }
      writeSecret(root, second);
      await until(60_000, 'it is back with the right one', () => {
        return reaches(lab, a1, address.a3) && reaches(lab, a3, address.a2);
      });
    });

    await t.test('a secret that others can read is not used', async (t) => {
      const { root } = findHost(lab.lab.plan, 'h3');
      chmodSync(secretFile(root), 0o644);
      const state = await until(60_000, 'h3 says so', async () => {
        const state = await conditionOf(lab, 'h3', 'overlay');
        return state?.code === 'KEY_UNUSABLE' ? state : undefined;
      });
      t.match(state.text, secretFile(root));
      t.ok(reaches(lab, a1, address.a3), 'what stands carries on');
      chmodSync(secretFile(root), 0o600);
      await until(60_000, 'it is used again', async () => (await conditionOf(lab, 'h3', 'overlay'))?.ok);
    });

    await t.test('nothing of all this was seen on the underlay, and no secret in a log', async (t) => {
      await sawTunnelsAlone(t, seen, 500);
      for (const { root } of lab.hosts) {
        const { run, logs } = pathsBelow(root);
        const files = [`${run}/ipsec`, logs].flatMap((dir) => readdirSync(dir).map((name) => `${dir}/${name}`));
        for (const file of files.filter((one) => /\.(log|conf|out)$/.test(one)))
          t.notMatch(readFileSync(file, 'utf8'), /c0ffee00|decade00|badcafe0/, file);
      }
    });
  });

function secretFile(root: string): string {
  return `${root}/ipsec.secret`;
}

function writeSecret(root: string, secret: string): void {
  writeFileSync(secretFile(root), `${secret}\n`, { mode: 0o600 });
  chmodSync(secretFile(root), 0o600);
}

function charonLog(lab: TestLab, host: string): string {
  return readFileSync(`${pathsBelow(findHost(lab.lab.plan, host).root).run}/ipsec/charon.log`, 'utf8');
}
