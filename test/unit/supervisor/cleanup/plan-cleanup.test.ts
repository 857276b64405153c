import t from 'tap';
import { parseSave } from '../../../../daemons/shared/reconcile/iptables-save.ts';
import { ownLinks, planChainRemoval } from '../../../../daemons/supervisor/cleanup/plan-cleanup.ts';

t.test('which devices are ours', async (t) => {
  const link = (name: string, kind: string | undefined, alias?: string) => ({ index: 1, name, kind, alias });
  const ours = [
    link('vethr1', 'veth', 'corral:corral:0123:eth0'),
    link('vtep1042', 'vxlan', 'corral:corral'),
    link('corral0', 'bridge', 'corral:corral'),
  ];
  const others = [
    link('flannel.1', 'vxlan'),
    link('corral1', 'bridge'),
    link('docker0', 'bridge', 'docker'),
    link('vethr2', 'veth'),
    link('vethr3', 'veth', 'corral:corral'),
    link('eth0', undefined, 'corral:corral'),
  ];
  const given = [ours[2]!, ...others, ours[0]!, ours[1]!];
  t.same(ownLinks(given), ours, 'by alias and kind; bridges last');
});

t.test('chains of all our writers, and the jumps to them', async (t) => {
  const saved = (policies: string): ReturnType<typeof parseSave> =>
    parseSave(
      [
        '*filter',
        ':FORWARD ACCEPT [0:0]',
        ':CATTLE_FORWARD - [0:0]',
        ':CATTLE_NETWORK_POLICY - [0:0]',
        ':CATTLE_OVERLAY_FORWARD - [0:0]',
        ':DOCKER-USER - [0:0]',
        '-A FORWARD -j CATTLE_FORWARD',
        '-A FORWARD -j CATTLE_OVERLAY_FORWARD',
        '-A FORWARD -j DOCKER-USER',
        '-A CATTLE_FORWARD -j CATTLE_NETWORK_POLICY',
        policies,
        'COMMIT',
      ].join('\n'),
    );
  const { payload } = planChainRemoval(saved(''));
  for (const name of ['CATTLE_FORWARD', 'CATTLE_NETWORK_POLICY', 'CATTLE_OVERLAY_FORWARD']) {
    t.match(payload, `-X ${name}`);
  }
  t.match(payload, '-D FORWARD -j CATTLE_OVERLAY_FORWARD');
  t.notMatch(payload, 'DOCKER');
  const kept = planChainRemoval(saved('-A CATTLE_NETWORK_POLICY -j DROP')).payload;
  t.notMatch(kept, /[-:][X ]?CATTLE_NETWORK_POLICY/);
  t.match(kept, '-X CATTLE_FORWARD');
  t.equal(planChainRemoval(parseSave('*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n')).payload, '');
});
