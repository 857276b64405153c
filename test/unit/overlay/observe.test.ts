import t from 'tap';
import { type FactReads, Facts } from '../../../daemons/overlay/observe.ts';
import type { Address, Link, Route } from '../../../daemons/shared/effects/netlink.ts';
import { ip } from './support.ts';

const own = [ip('192.168.50.11')];
const peers = [ip('192.168.50.12'), ip('192.168.60.13')];
const uplink = 2;

/** A kernel with one uplink; `reached` is called as each question arrives, before it is answered. */
function kernel(reached: (question: string) => void = () => undefined) {
  const state = { mtu: 1_500, has: true, routes: true, asked: 0 };
  const answer = async <T>(question: string, of: () => T): Promise<T> => {
    state.asked += 1;
    const value = of();
    reached(question);
    return value;
  };
  const reads: FactReads = {
    listAddresses: () =>
      answer('addresses', (): Address[] => [
        ...(state.has ? [{ index: uplink, address: own[0]!, prefix: 24 }] : []),
        { index: uplink, address: 'fd50::11', prefix: 64, detection: 'tentative' },
      ]),
    getLink: (index) => answer(`link ${index}`, () => ({ index, mtu: state.mtu }) as unknown as Link),
    routeTo: (address) =>
      answer('route', (): Route | undefined => {
        if (!state.routes) return undefined;
        const dst = { base: address, prefix: 32 };
        return address === peers[0]
          ? { dst, index: uplink }
          : { dst, index: uplink, via: ip('192.168.50.1'), mtu: 1_400 };
      }),
  };
  return { state, reads };
}

t.test('addresses with the MTU of their device, and ways with their own', async (t) => {
  const { state, reads } = kernel();
  const facts = new Facts(reads, () => 0);
  t.notOk(facts.concerns(uplink));
  const { addresses, paths } = await facts.read({ own, peers });
  t.same([...addresses], [[own[0], 1_500]], 'one that may be a duplicate is none yet');
  t.same(
    [...paths],
    [
      [peers[0], { index: uplink, onLink: true, mtu: 1_500 }],
      [peers[1], { index: uplink, onLink: false, mtu: 1_400 }],
    ],
  );
  t.ok(facts.concerns(uplink));
  t.notOk(facts.concerns(3));
  const { asked } = state;
  t.equal((await facts.read({ own, peers })).addresses, addresses, 'remembered');
  t.equal(state.asked, asked);
});

t.test('after a doubt, or a while, all is asked anew', async (t) => {
  const { state, reads } = kernel();
  let now = 0;
  const facts = new Facts(reads, () => now);
  await facts.read({ own, peers });
  state.mtu = 1_300;
  now = 29_999;
  t.equal((await facts.read({ own, peers })).addresses.get(own[0]!), 1_500);
  now = 30_000;
  t.equal((await facts.read({ own, peers })).addresses.get(own[0]!), 1_300);
  state.mtu = 1_200;
  facts.doubt();
  const { addresses, paths } = await facts.read({ own, peers });
  t.same([addresses.get(own[0]!), paths.get(peers[1]!)?.mtu], [1_200, 1_200]);
});

for (const during of ['addresses', `link ${uplink}`, 'route']) {
  t.test(`a change while it reads (${during}) is seen by the next reading`, async (t) => {
    let facts: Facts;
    let isOnce = true;
    const { state, reads } = kernel((question) => {
      if (question !== during || !isOnce) return;
      isOnce = false;
      state.mtu = 1_300;
      facts.doubt();
    });
    facts = new Facts(reads, () => 0);
    const before = await facts.read({ own, peers });
    const said = [...before.paths];
    const { addresses, paths } = await facts.read({ own, peers });
    t.same([addresses.get(own[0]!), paths.get(peers[0]!)?.mtu], [1_300, 1_300]);
    t.same([...before.paths], said, 'who still works with the former ones keeps them');
  });
}

t.test('a device matters by its own address alone, while no peer can be reached', async (t) => {
  const { state, reads } = kernel();
  state.routes = false;
  const facts = new Facts(reads, () => 0);
  t.equal((await facts.read({ own, peers })).paths.size, 0);
  t.ok(facts.concerns(uplink));
  state.routes = true;
  t.equal((await facts.read({ own, peers })).paths.size, 2, 'a way that was not there is asked for each time');
  state.has = false;
  facts.doubt();
  t.equal((await facts.read({ own, peers })).addresses.size, 0);
  t.ok(facts.concerns(uplink), 'by its ways');
});
