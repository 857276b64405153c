import t from 'tap';
import { type HaveConf, planConf } from '../../../../daemons/network-manager/cni-conf/plan-conf.ts';
import type { WantConf } from '../../../../daemons/network-manager/cni-conf/want-conf.ts';

const want: WantConf = {
  files: new Map([
    ['/a', 'A'],
    ['/b', 'B'],
  ]),
  managed: 'x.d',
  faults: [],
};
const nothing: HaveConf = { manifest: [], files: new Map(), managed: undefined };

t.test('what is missing is written, claimed first', async (t) => {
  t.same(planConf(want, nothing, true), {
    claim: ['/a', '/b'],
    write: [
      { path: '/a', body: 'A' },
      { path: '/b', body: 'B' },
    ],
    drop: [],
    link: 'x.d',
    faults: [],
  });
});

t.test('equal means nothing to do, also after the manifest was lost', async (t) => {
  const have: HaveConf = { manifest: [], files: want.files, managed: { link: 'x.d' } };
  t.match(planConf(want, have, true), { claim: ['/a', '/b'], write: [], drop: [], link: undefined, faults: [] });
});

t.test('what is ours and damaged is healed; what is somebody else’s stays and is told', async (t) => {
  const files = new Map([
    ['/a', 'damaged'],
    ['/b', 'a person’s'],
  ]);
  const plan = planConf(want, { manifest: ['/a'], files, managed: 'other' }, true);
  t.same(plan.write, [{ path: '/a', body: 'A' }]);
  t.same(plan.claim, ['/a']);
  t.equal(plan.link, undefined);
  t.match(plan.faults, [/\/b is there already/, /managed\.d/]);
});

t.test('what is wanted no more goes, but not on the word of an incomplete snapshot', async (t) => {
  const have: HaveConf = { manifest: ['/a', '/old'], files: new Map(), managed: { link: 'old.d' } };
  const gone: WantConf = { files: new Map(), managed: undefined, faults: [] };
  t.match(planConf(gone, have, true), { drop: ['/a', '/old'], link: null });
  t.match(planConf(gone, have, false), { drop: [], link: undefined });
});
