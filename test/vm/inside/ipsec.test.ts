// IPsec by the kernel, through an XFRM interface on each of three hosts: everything reaches everything, nothing is seen on the
// underlay, and what has no association has no way. The hosts have overlay daemons and charon, and nothing else of the suite.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { openXfrm } from '../../../daemons/shared/effects/netlink/xfrm.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import { isOwnPolicy } from '../../../daemons/shared/model/block.ts';
import { answering, flushRules, makeSwitch, pings, startDaemon } from '../../netns/overlay/support/hosts.ts';
import {
  charonsOf,
  connected,
  endCharon,
  makeSecretHosts,
  plain,
  reachesBoth as reaches,
  soon,
  waysOf,
  waysTo,
} from '../../netns/overlay/support/secret-hosts.ts';
import { exec, type Namespace, until } from '../../netns/support/namespaces.ts';
import { listen, sendMarker, sendMarkers } from '../support/listen.ts';

t.setTimeout(540_000);

const settings = { CORRAL_OVERLAY_IPSEC_CHILD_REKEY: '15' };

t.test('three hosts', async (whole) => {
  const sw = makeSwitch(whole);
  const seen = await listen(whole, sw, 'esp or udp port 4500');
  const { hosts, daemons, containers } = await makeSecretHosts(whole, {
    driver: 'ipsec',
    switches: [sw, sw, sw],
    env: settings,
  });
  const [c1, c2, c3] = containers as [Namespace, Namespace, Namespace];
  sendMarkers(whole, containers);

  await whole.test('everybody reaches everybody, encrypted by the kernel', async (t) => {
    for (const [index, from] of containers.entries()) {
      for (const { number } of hosts) await until(soon, `${index + 1} reaches ${number}`, () => reaches(from, number));
      const { ns } = hosts[index]!;
      t.match(exec(ns, 'ip', ['-d', 'link', 'show', 'xfrm1042']), /xfrm if_id 0x412/);
      t.match(exec(ns, 'ip', ['route', 'show', 'dev', 'xfrm1042']), /^10\.42\.\d+\.0\/24.*\n10\.42\.\d+\.0\/24/);
      for (const { number } of hosts.filter((_, at) => at !== index)) {
        t.same(answering(ns, ...waysOf(index + 1, number)), waysOf(index + 1, number), `host ${index + 1} itself`);
      }
      t.match(exec(ns, 'ip', ['xfrm', 'state']), 'rfc4106(gcm(aes))');
      t.notMatch(exec(ns, 'ip', ['link']), 'ipsec0', 'no encryption in a process');
      t.equal((await connected(daemons[index]!)).length, 2, `host ${index + 1}`);
    }
    t.ok(pings(c1, plain(2), 1_402), 'with packets of full size too');
  });

  await whole.test('a second look writes nothing; damage heals', async (t) => {
    const { keepers } = await daemons[0]!.get<{ keepers: { keeper: string; changes: string[] }[] }>('/v1/diff');
    t.same(keepers.find(({ keeper }) => keeper === 'overlay')?.changes, []);
    exec(hosts[0]!.ns, 'ip', ['link', 'delete', 'xfrm1042']);
    await until(soon, 'the device is back', () => reaches(c1, 2) && reaches(c3, 1));
  });

  await whole.test('associations are made anew under traffic', async (t) => {
    const spis = (): string => exec(hosts[0]!.ns, 'sh', ['-c', 'ip xfrm state | grep spi | sort']);
    const before = new Set(spis().split('\n'));
    const traffic = sendMarker(t, c1, plain(2), 0.05);
    await until(2 * soon, 'there are others', () =>
      spis()
        .split('\n')
        .some((spi) => spi !== '' && !before.has(spi)),
    );
    const { sent, lost } = await traffic.stop();
    t.comment(`${lost} of ${sent} packets lost, 50 ms apart`);
    t.ok(lost <= 4 + sent / 50, `${lost} of ${sent} lost`);
  });

  await whole.test('the daemon is killed under traffic: charon and what it made go on', async (t) => {
    const charon = charonsOf(hosts[1]!.ns);
    const traffic = sendMarker(t, c2, plain(3), 0.05);
    await daemons[1]!.end('SIGKILL');
    daemons[1] = startDaemon(whole, hosts[1]!, settings);
    await daemons[1].settled();
    const { sent, lost } = await traffic.stop();
    t.same(charonsOf(hosts[1]!.ns), charon);
    t.ok(sent > 10 && lost <= 1 + sent / 50, `${lost} of ${sent}`);
  });

  await whole.test(
    'without charon, rules, the last route, states and device, or policies, nothing leaves',
    async (t) => {
      const closed = (number: number, what: string): void => {
        t.same(answering(containers[number - 1]!, ...waysTo(1)), [], `${what}: for a container`);
        t.same(answering(hosts[number - 1]!.ns, ...waysOf(number, 1)), [], `${what}: for the host`);
      };
      for (const number of [2, 3]) {
        const { ns } = hosts[number - 1]!;
        daemons[number - 1]!.process.kill('SIGSTOP');
        endCharon(ns);
        flushRules(ns);
        for (const family of ['-4', '-6']) exec(ns, 'ip', [family, 'route', 'flush', 'type', 'unreachable']);
        exec(ns, 'ip', ['xfrm', 'state', 'flush']);
        closed(number, 'no state');
      }
      exec(hosts[1]!.ns, 'ip', ['xfrm', 'policy', 'flush']);
      closed(2, 'no policy: the device leads nowhere');
      exec(hosts[2]!.ns, 'ip', ['link', 'delete', 'xfrm1042']);
      closed(3, 'no device: the way is the default route, and the policies that block are in it');
      for (const number of [2, 3]) daemons[number - 1]!.process.kill('SIGCONT');
      await until(3 * soon, 'traffic is back', () => reaches(c3, 1) && reaches(c2, 3));
    },
  );

  await whole.test('whoever listened saw packets, and none of them in the clear', async (t) => {
    const { packets, markers, inner } = await seen.stop();
    t.ok(packets > 200, `${packets} packets`);
    t.equal(markers, 0);
    t.same(inner, []);
  });
});

t.test('two hosts without XFRM interfaces: charon’s policies encrypt', async (whole) => {
  const refusal = '/etc/modprobe.d/corral-test.conf';
  writeFileSync(refusal, 'install xfrm_interface /bin/false\n');
  whole.teardown(() => rmSync(refusal)); // other tests in this machine need the module
  await until(soon, 'the kernel has none', () => !/^xfrm_interface/m.test(unload('xfrm_interface')));
  const sw = makeSwitch(whole);
  const seen = await listen(whole, sw, 'esp or udp port 4500');
  const { hosts, daemons, containers } = await makeSecretHosts(whole, { driver: 'ipsec', switches: [sw, sw] });
  const [c1, c2] = containers as [Namespace, Namespace];
  sendMarkers(whole, containers);
  await until(soon, `they reach each other: ${daemons[0]!.log()}`, () => reaches(c1, 2) && reaches(c2, 1));
  const { ns } = hosts[0]!;
  whole.notMatch(exec(ns, 'ip', ['link']), /xfrm1042|ipsec0/);
  whole.same(answering(ns, ...waysOf(1, 2)), waysOf(1, 2), 'the host itself');

  daemons[0]!.process.kill('SIGSTOP');
  endCharon(ns);
  flushRules(ns);
  for (const family of ['-4', '-6']) exec(ns, 'ip', [family, 'route', 'flush', 'type', 'unreachable']);
  const netns = openNetns(ns.path);
  const xfrm = openXfrm(netns);
  for (const policy of await xfrm.policies()) if (!isOwnPolicy(policy)) await xfrm.dropPolicy(policy);
  xfrm.close();
  netns.close();
  whole.same(answering(c1, ...waysTo(2)), [], 'without charon and its policies: for a container');
  whole.same(answering(ns, ...waysOf(1, 2)), [], 'and for the host');
  daemons[0]!.process.kill('SIGCONT');
  await until(3 * soon, 'traffic is back', () => reaches(c1, 2) && reaches(c2, 1));
  const { packets, markers, inner } = await seen.stop();
  whole.ok(packets > 20, `${packets} packets`);
  whole.equal(markers, 0);
  whole.same(inner, []);
});

/** @returns what is loaded then */
function unload(module: string): string {
  return execFileSync('sh', ['-c', `modprobe -r ${module} 2>/dev/null; cat /proc/modules`], { encoding: 'utf8' });
}
