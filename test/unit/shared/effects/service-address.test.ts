import t from 'tap';
import type { Address } from '../../../../daemons/shared/effects/netlink/addresses.ts';
import { ensureServiceAddress } from '../../../../daemons/shared/effects/service-address.ts';
import { parseIpv4 } from '../../../../daemons/shared/model/ipv4.ts';
import { parseIpv6 } from '../../../../daemons/shared/model/ipv6.ts';

const address = parseIpv4('169.254.169.250')!;

class FakeAddresses {
  have: Address[];
  readonly writes: Address[] = [];
  readonly lo: boolean;
  constructor(have: Address[], lo = true) {
    this.have = have;
    this.lo = lo;
  }
  async listAddresses() {
    return this.have;
  }
  async getLink() {
    return this.lo ? { index: 1, up: true } : undefined;
  }
  async ensureAddress(want: Address) {
    this.writes.push(want);
    this.have = [...this.have, want];
    return true;
  }
}

t.test('the address goes to lo with scope host, once', async (t) => {
  const netlink = new FakeAddresses([{ index: 1, address: parseIpv4('127.0.0.1')!, prefix: 8 }]);
  t.equal(await ensureServiceAddress(netlink, address), true);
  t.equal(await ensureServiceAddress(netlink, address), false);
  t.same(netlink.writes, [{ index: 1, address, prefix: 32, scope: 'host' }]);
});

t.test('an address that another device owns is left there', async (t) => {
  const netlink = new FakeAddresses([{ index: 5, address, prefix: 24 }]);
  t.equal(await ensureServiceAddress(netlink, address), false);
  t.same(netlink.writes, []);
});

t.test('without lo there is a coded error', async (t) => {
  await t.rejects(ensureServiceAddress(new FakeAddresses([], false), address), { code: 'NETLINK_NO_SUCH_DEVICE' });
});

t.test('of either family', async (t) => {
  const six = parseIpv6('fd00:a9fe:a9fe::250')!;
  const netlink = new FakeAddresses([]);
  t.equal(await ensureServiceAddress(netlink, six), true);
  t.equal(await ensureServiceAddress(netlink, six), false, 'found as the kernel tells it');
  t.match(netlink.writes, [{ index: 1, address: 'fd00:a9fe:a9fe::250', prefix: 128 }]);
});
