// A flat network of a secret driver: connected by a kernel that has what it takes, and told where it has not; never in the clear.
import t from 'tap';
import { isRoot, until } from '../netns/support/namespaces.ts';
import { corralCommand, makeTestLab } from './support/lab.ts';
import { conditionOf, hasStrongswan, reaches } from './support/secret-lab.ts';
import { capture, marker, sendMarker } from './support/underlay.ts';

t.setTimeout(240_000);

if (!isRoot) t.plan(0, 'needs root');
else if (!hasStrongswan) t.plan(0, 'needs strongSwan (scripts/setup --ipsec)');
else
  t.test('two hosts with a flat network', async (t) => {
    const lab = await makeTestLab(t, { hosts: 2, config: () => ({ overlay: { ipsecUserSpace: 'allow' } }) });
    const create = ['network', 'create', 'flat', '--subnet', '10.42.128.0/17', '--flat', '--driver', 'ipsec'];
    t.notOk(lab.succeeds('h1', corralCommand, ...create), 'a range that is another’s is refused');
    lab.run('h1', corralCommand, ...create.with(4, '10.70.0.0/16'));
    await lab.networkReady('flat');
    const one = await lab.addContainer('h1', 'f1', { network: 'flat' });
    const two = await lab.addContainer('h2', 'f2', { network: 'flat' });
    const [f1, f2] = ['h1/f1', 'h2/f2'] as const;
    const seen = await capture(t, lab, 'ipsec');
    sendMarker(t, lab, f1, two.address!);
    sendMarker(t, lab, f2, one.address!);
    const isJoined = (): boolean => reaches(lab, f1, two.address!) && reaches(lab, f2, one.address!);
    const lacks = await until(60_000, 'it is connected, or it is told why not', async () => {
      const state = await conditionOf(lab, 'h1', 'overlay');
      return state?.code === 'KERNEL_LACKS' ? state : isJoined();
    });

    if (typeof lacks !== 'object') {
      const more = await lab.addContainer('h2', 'g2', { network: 'flat' });
      await until(60_000, 'an address more is in the tunnels', () => reaches(lab, f1, more.address!));
      await lab.dropContainer('h2', 'g2');
      await until(60_000, 'the others go on', isJoined);
    } else {
      t.match(lacks.text, /^flat: a flat network needs ESP and XFRM interfaces/);
      for (let count = 0; count < 3; count += 1) t.notOk(isJoined(), 'nothing passes');
      t.ok(reaches(lab, 'h1/a1', lab.addressOf('h2', 'a2')), 'other networks go on');
    }
    const { markers } = await seen.stop();
    t.equal(markers, 0, `no packet holds ${marker}`);

    lab.run('h2', corralCommand, 'network', 'set', 'flat', '--driver', 'vxlan');
    await until(60_000, 'VXLAN connects it', isJoined);
    await until(30_000, 'all is well', async () => (await conditionOf(lab, 'h1', 'overlay'))?.ok);
  });
