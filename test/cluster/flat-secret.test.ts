// Flat networks of the secret drivers: connected by a kernel that has what it takes, and told where it has not; never in the clear.
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { corralCommand, makeTestLab } from './support/lab.ts';
import { conditionOf, hasStrongswan, reaches } from './support/secret-lab.ts';
import { capture, marker, sendMarker } from './support/underlay.ts';

t.setTimeout(270_000);

const networks = [
  { driver: 'ipsec', name: 'fi', subnet: '10.70.0.0/16', lack: /^fi: a flat network needs ESP and XFRM interfaces/ },
  { driver: 'wireguard', name: 'fw', subnet: '10.71.0.0/16', lack: /^fw: this kernel has no WireGuard/ },
] as const;

if (!isRoot) t.plan(0, 'needs root');
else if (!hasStrongswan) t.plan(0, 'needs strongSwan (scripts/setup --ipsec)');
else
  t.test('two hosts with flat networks', async (whole) => {
    const lab = await makeTestLab(whole, { hosts: 2, config: () => ({ overlay: { ipsecUserSpace: 'allow' } }) });
    const joined = new Map<string, () => boolean>();
    for (const { driver, name, subnet, lack } of networks) {
      await whole.test(driver, async (t) => {
        const create = ['network', 'create', name, '--subnet', '10.42.128.0/17', '--flat', '--driver', driver];
        t.notOk(lab.succeeds('h1', corralCommand, ...create), 'a range that is another’s is refused');
        lab.run('h1', corralCommand, ...create.with(4, subnet));
        await lab.networkReady(name);
        const [one, two] = [`${name}1`, `${name}2`];
        const first = await lab.addContainer('h1', one, { network: name });
        const second = await lab.addContainer('h2', two, { network: name });
        const seen = await capture(t, lab, driver);
        sendMarker(t, lab, `h1/${one}`, second.address!);
        sendMarker(t, lab, `h2/${two}`, first.address!);
        const isJoined = (): boolean =>
          reaches(lab, `h1/${one}`, second.address!) && reaches(lab, `h2/${two}`, first.address!);
        joined.set(name, isJoined);
        const lacks = await until(60_000, 'it is connected, or it is told why not', async () => {
          const state = await conditionOf(lab, 'h1', 'overlay');
          return state?.code === 'KERNEL_LACKS' ? state : isJoined();
        });

        if (typeof lacks !== 'object') {
          t.comment('connected');
          const more = await lab.addContainer('h2', `${name}3`, { network: name });
          await until(60_000, 'an address more is in the tunnels', () => reaches(lab, `h1/${one}`, more.address!));
          await lab.dropContainer('h2', `${name}3`);
          await until(60_000, 'the others go on', isJoined);
        } else {
          t.comment('the kernel lacks it');
          t.match(lacks.text, lack);
          for (let count = 0; count < 3; count += 1) t.notOk(isJoined(), 'nothing passes');
          t.ok(reaches(lab, 'h1/a1', lab.addressOf('h2', 'a2')), 'other networks go on');
        }
        const { markers } = await seen.stop();
        t.equal(markers, 0, `no packet holds ${marker}`);
      });
    }

    await whole.test('VXLAN connects both', async (t) => {
      for (const [name, isJoined] of joined) {
        lab.run('h2', corralCommand, 'network', 'set', name, '--driver', 'vxlan');
        await until(60_000, `VXLAN connects ${name}`, isJoined);
      }
      const isWell = async () => (await conditionOf(lab, 'h1', 'overlay'))?.ok;
      t.ok(await until(30_000, 'all is well', isWell));
    });
  });
