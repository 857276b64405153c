// Another driver for a network whose containers run: for how long they do not reach each other, and that nothing of a host is
// seen in the clear from the moment at which the network is secret there.
import { readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { pathsBelow } from '../../daemons/shared/model/paths.ts';
import { callJson } from '../../daemons/shared/source/call.ts';
import { socketOn } from '../../daemons/supervisor/lab/host-suite.ts';
import { spaceOf } from '../../daemons/supervisor/lab/lab-file.ts';
import { findHost } from '../../daemons/supervisor/lab/plan-lab.ts';
import { suiteProcesses } from '../../daemons/supervisor/lab/suite-processes.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { corralCommand, makeTestLab, type TestLab } from './support/lab.ts';
import { hasStrongswan, peersOf, reaches } from './support/secret-lab.ts';
import { pingTraffic, talkTraffic } from './support/traffic.ts';
import { capture, marker, sendMarkers } from './support/underlay.ts';

t.setTimeout(240_000);

/** Until both ends have changed over, and charon runs. */
const boundMs = 15_000;
const intervalMs = 20;
const vni = 7042;

const networks = (driver: string) => [{ name: 'corral', driver, default: true, vni }];

if (!isRoot) t.plan(0, 'needs root');
else if (!hasStrongswan) t.plan(0, 'needs strongSwan (scripts/setup --ipsec)');
else {
  t.test('three hosts of a cluster', async (t) => {
    const lab = await makeTestLab(t, {
      config: () => ({ networks: networks('vxlan'), overlay: { ipsecUserSpace: 'allow' } }),
    });
    const [a1, a2, a3] = ['h1/a1', 'h2/a2', 'h3/a3'] as const;
    const address = { a1: lab.addressOf('h1', 'a1'), a2: lab.addressOf('h2', 'a2'), a3: lab.addressOf('h3', 'a3') };
    const names = lab.hosts.map(({ name }) => name);
    sendMarkers(t, lab, [a1, a2, a3], Object.values(address));
    const isJoined = (): boolean =>
      reaches(lab, a1, address.a2) && reaches(lab, a2, address.a3) && reaches(lab, a3, address.a1);

    const change = async (t: Test, driver: string): Promise<void> => {
      const talk = await talkTraffic(t, lab, a1, { where: a2, address: address.a2 }, 5);
      const ways = [
        await pingTraffic(t, lab, a1, address.a2, intervalMs),
        await pingTraffic(t, lab, a3, address.a2, intervalMs),
      ];
      lab.run('h1', corralCommand, 'network', 'set', 'corral', '--driver', driver);
      for (const name of names) {
        await until(60_000, `${name} reaches its peers by ${driver}`, async () => {
          const peers = await callJson<{ driver: string; state: string }[]>(overlay(lab, name), '/v1/peers', {});
          return peers.length === 2 && peers.every((peer) => peer.driver === driver && peer.state === 'up');
        });
      }
      await until(30_000, 'all reach all', isJoined);
      const gaps: number[] = [];
      for (const way of ways) gaps.push(longest((await way.stop()).lost) * intervalMs);
      t.comment(`to ${driver}: nothing arrived for ${gaps.join(' and ')} ms`);
      t.ok(Math.max(...gaps) <= boundMs, `${gaps.join(' and ')} ms`);
      const { broken, exchanged } = await talk.stop();
      t.equal(broken, 0, 'connections go on');
      t.ok(exchanged > 0);
    };

    await t.test('to IPsec: bounded, and no packet of a host in the clear once it is secret there', async (t) => {
      const during = await capture(t, lab, 'ipsec');
      const secretAt = new Map<string, number>();
      const watch = until(60_000, 'the network is secret on all hosts', () => {
        for (const { name } of lab.hosts)
          if (!secretAt.has(name) && isGuarded(lab, name)) secretAt.set(name, Date.now());
        return secretAt.size === lab.hosts.length;
      });
      await change(t, 'ipsec');
      await watch;
      const { inner, vxlan, tunnelled } = await during.stop();
      t.same(inner, [], 'outside of tunnels there is nothing at any time');
      t.ok(tunnelled > 0);
      for (const host of lab.hosts) {
        const [last, secret] = [vxlan.get(host.address) ?? 0, secretAt.get(host.name) ?? 0];
        t.ok(last > 0 && last <= secret, `${host.name}: its last packet in the clear was sent before`);
      }
    });

    await t.test('and nothing in the clear afterwards', async (t) => {
      const after = await capture(t, lab, 'ipsec');
      await until(10_000, 'packets flow', isJoined);
      const bulk = lab.start(t, a2, 'sh', '-c', 'echo ready; nc -l -p 7777 | wc -c');
      await until(10_000, 'the sink listens', () => bulk.said().includes('ready'));
      lab.run(a3, 'sh', '-c', `head -c 5000000 /dev/zero | timeout 30 nc -N ${address.a2} 7777`);
      await until(20_000, 'containers with the former MTU get everything through', () =>
        bulk.said().includes('5000000'),
      );
      const { packets, tunnelled, markers, inner, vxlan } = await after.stop();
      t.ok(tunnelled > 100, `${tunnelled} of ${packets} packets were of ESP`);
      t.equal(markers, 0, `no packet holds ${marker}`);
      t.same(inner, []);
      t.equal(vxlan.size, 0, 'nobody sends VXLAN');
      for (const name of names) t.notMatch(lab.run(name, 'ip', 'link'), /vtep/, `${name} has no device of VXLAN`);
    });

    await t.test('a file that says otherwise changes nothing, and that is told', async (t) => {
      const driftOn = async (name: string) => {
        const socket = socketOn(findHost(lab.lab.plan, name), 'metadata');
        const { conditions } = await callJson<{ conditions: { code: string | null; text: string }[] }>(
          socket,
          '/readyz',
        );
        return conditions.find(({ code }) => code === 'CONFIG_DRIFT');
      };
      t.match((await driftOn('h1'))?.text, /driver is ipsec in the cluster, vxlan in the file/);
      t.notMatch((await driftOn('h1'))?.text, 'vni');
      writeDriver(lab, 'h1', 'ipsec');
      await until(20_000, 'the drift is gone', async () => !(await driftOn('h1')));
      t.ok(await driftOn('h2'), 'a file of another host has not changed');
      t.ok(isJoined());
    });

    await t.test('back to VXLAN: bounded, and with the VNI that was asked for', async (t) => {
      await change(t, 'vxlan');
      for (const name of names) {
        await until(10_000, `${name} wants nothing more`, () => isAsWanted(lab, name));
        t.match(lab.run(name, 'ip', '-d', 'link', 'show', `vtep${vni}`), `vxlan id ${vni}`);
        t.notOk(isGuarded(lab, name), `${name}: the rules of secret networks are gone`);
        t.notOk(lab.succeeds(name, 'pgrep', '-x', 'charon-systemd'), `${name}: charon has ended`);
        t.notMatch(lab.run(name, 'sh', '-c', 'ip link; ip rule; ip xfrm policy'), /ipsec0|xfrm|lookup 143|src 10\./);
      }
    });
  });

  t.test('a host of its own', async (t) => {
    const lab = await makeTestLab(t, {
      hosts: 1,
      containers: 2,
      store: 'sqlite',
      config: () => ({ networks: networks('vxlan'), overlay: { ipsecUserSpace: 'allow' } }),
    });
    const traffic = await pingTraffic(t, lab, 'h1/a1', lab.addressOf('h1', 'b1'), intervalMs);
    writeDriver(lab, 'h1', 'ipsec');
    await until(30_000, 'the file decides', () => isGuarded(lab, 'h1'));
    await until(30_000, 'the other device is gone', () => !lab.run('h1', 'ip', 'link').includes('vtep'));
    await until(10_000, 'it wants nothing more', () => isAsWanted(lab, 'h1'));
    t.same(await peersOf(lab, 'h1'), []);
    writeDriver(lab, 'h1', 'vxlan');
    await until(30_000, 'back again', () => !isGuarded(lab, 'h1') && isAsWanted(lab, 'h1'));
    t.match(lab.run('h1', 'ip', '-d', 'link', 'show', `vtep${vni}`), `vxlan id ${vni}`);
    t.same((await traffic.stop()).lost, [], 'containers of one host notice nothing');
  });
}

function overlay(lab: TestLab, host: string): string {
  return socketOn(findHost(lab.lab.plan, host), 'overlay');
}

/** What leaves in the clear is dropped by rules, whatever else stands. */
function isGuarded(lab: TestLab, host: string): boolean {
  return /-A CATTLE_OVERLAY_GUARD -d 10\.42\.0\.0\/16 .*-j DROP/.test(lab.run(host, 'iptables', '-t', 'mangle', '-S'));
}

function isAsWanted(lab: TestLab, host: string): boolean {
  return lab.run(host, corralCommand, 'diff') === 'Everything is as wanted.\n';
}

/** Into the host's file, which its suite is told to read again. */
function writeDriver(lab: TestLab, host: string, driver: string): void {
  const { config } = pathsBelow(findHost(lab.lab.plan, host).root);
  const before = JSON.parse(readFileSync(config, 'utf8')) as object;
  writeFileSync(config, JSON.stringify({ ...before, networks: networks(driver) }));
  const supervisor = suiteProcesses(spaceOf(lab.lab, host)).find(({ daemon }) => daemon === 'supervisor');
  process.kill(supervisor!.pid, 'SIGHUP');
}

/** Of sequence numbers in order: the most that follow each other. */
function longest(numbers: readonly number[]): number {
  let [most, run] = [0, 0];
  for (const [at, number] of numbers.entries()) {
    run = numbers[at - 1] === number - 1 ? run + 1 : 1;
    most = Math.max(most, run);
  }
  return most;
}
