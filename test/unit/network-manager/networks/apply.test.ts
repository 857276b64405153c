import t from 'tap';
import { applySteps, type Hands, type HostWrites } from '../../../../daemons/network-manager/networks/apply.ts';
import { describeStep, type Step } from '../../../../daemons/network-manager/networks/steps.ts';
import { SuiteError } from '../../../../daemons/shared/model/errors.ts';
import { parseCidr4, parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import type { Mac } from '../../../../daemons/shared/model/mac.ts';

const bridge = (network: string): Step => ({
  do: 'bridge',
  network,
  name: `corral-${network}`,
  mac: '0a:58:0a:2a:07:01' as Mac,
  mtu: 1450,
  alias: `corral:${network}`,
});
const address = (network: string): Step => ({
  do: 'address',
  network,
  bridge: `corral-${network}`,
  address: parseIpv4('10.42.7.1')!,
  prefix: 24,
});
const file = (network: string, folder: string): Step => ({
  do: 'file',
  network,
  path: `${folder}/${network}.json`,
  body: 'x',
  folderMode: 0o700,
});

/** A kernel that has a set of bridges and refuses what it does not have. */
function fakeKernel(refuses: string): HostWrites & { readonly bridges: Map<string, number> } {
  const bridges = new Map<string, number>();
  const none = async (): Promise<boolean> => false;
  return {
    bridges,
    getLink: async (ref) => {
      const index = bridges.get(String(ref));
      return index === undefined ? undefined : ({ index, name: String(ref) } as never);
    },
    listLinks: async ({ master } = {}) => (master === 7 ? [{ index: 8 } as never] : []),
    ensureBridge: async (name) => {
      if (name === refuses) throw new SuiteError('NETLINK_REFUSED', `make ${name}`);
      bridges.set(name, bridges.size + 2);
      return { link: {} as never, wrote: true };
    },
    ensureLink: none,
    ensureAddress: async ({ index }) => [...bridges.values()].includes(index),
    ensureRoute: none,
    dropAddress: none,
    dropLink: none,
    dropRoute: none,
  };
}

const hands = (refuses: string, beforeFiles = async (): Promise<void> => undefined): Hands => ({
  netlink: fakeKernel(refuses),
  connectPort: async () => undefined,
  beforeFiles,
  records: { forwarding: () => undefined, accept: () => undefined },
});

t.test('a network that fails is left there, others go on', async (t) => {
  const folder = t.testdir();
  let waits = 0;
  const beforeFiles = async (): Promise<void> => {
    waits += 1;
  };
  const steps = ['a', 'b'].flatMap((name) => [bridge(name), address(name)]);
  const all = [...steps, file('a', folder), file('b', folder)];
  const { done, failed } = await applySteps(all, hands('corral-a', beforeFiles));
  t.same(
    failed.map(({ step }) => describeStep(step)),
    ['make bridge corral-a mac 0a:58:0a:2a:07:01 mtu 1450 up'],
  );
  t.same(done.map(describeStep), [
    'make bridge corral-b mac 0a:58:0a:2a:07:01 mtu 1450 up',
    'add address 10.42.7.1/24 to corral-b',
    `write ${folder}/b.json`,
  ]);
  t.equal(waits, 1, 'waited for once, before the first file');
  await applySteps(steps, hands('', beforeFiles));
  t.equal(waits, 1, 'and not without files');
});

t.test('a bridge that got a port since the plan was made stays', async (t) => {
  const step: Step = { do: 'drop-bridge', index: 7, name: 'corral-x' };
  const { failed } = await applySteps([step], hands(''));
  t.match(failed[0]?.error, { code: 'SUBNET_IN_USE' });
});

t.test('removing what is gone is success', async (t) => {
  const folder = t.testdir();
  const steps: Step[] = [
    { do: 'drop-file', path: `${folder}/none.d/10-corral.conflist` },
    { do: 'drop-route', dst: parseCidr4('10.42.0.0/16')!, metric: 0, type: 'unreachable' },
    { do: 'drop-bridge', index: 9, name: 'corral-x' },
  ];
  const { done, failed } = await applySteps(steps, hands(''));
  t.same([done.length, failed], [3, []]);
});

t.test('with a configuration goes its folder, unless something else is in it', async (t) => {
  const folder = t.testdir({ 'a.d': { '10-corral.conflist': '' }, 'b.d': { '10-corral.conflist': '', mine: '' } });
  const { existsSync } = await import('node:fs');
  const steps = ['a', 'b'].map((name): Step => ({ do: 'drop-file', path: `${folder}/${name}.d/10-corral.conflist` }));
  const { failed } = await applySteps(steps, hands(''));
  t.same([failed, existsSync(`${folder}/a.d`), existsSync(`${folder}/b.d/mine`)], [[], false, true]);
  t.notOk(existsSync(`${folder}/b.d/10-corral.conflist`));
});
