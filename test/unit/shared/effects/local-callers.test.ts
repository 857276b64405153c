import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { LocalCallers } from '../../../../daemons/shared/effects/local-callers.ts';
import type { Address } from '../../../../daemons/shared/effects/netlink/addresses.ts';
import { parseIp } from '../../../../daemons/shared/model/ip.ts';
import type { Ipv4 } from '../../../../daemons/shared/model/ipv4.ts';

const ip = (text: string) => parseIp(text)!;

/** Devices that tests change while the reader runs. */
class FakeDevices {
  readonly devices = new Map<number, string>();
  readonly addresses: Pick<Address, 'index' | 'address' | 'prefix'>[] = [];
  reads = 0;
  broken = false;
  /** Held back between the listing and its return, as by a busy kernel. */
  slow: Promise<void> = Promise.resolve();
  add(index: number, name: string, address: string, prefix: number): void {
    this.devices.set(index, name);
    // As netlink gives them: IPv6 as text.
    this.addresses.push({ index, address: address.includes(':') ? address : (ip(address) as Ipv4), prefix });
  }
  async listAddresses() {
    this.reads += 1;
    if (this.broken) throw new Error('no netlink');
    const seen = [...this.addresses];
    await this.slow;
    return seen;
  }
  async getLink(index: number) {
    const name = this.devices.get(index);
    return name === undefined ? undefined : { name };
  }
}

t.test('a bridge that came a moment ago is found when its container asks', async (t) => {
  const netlink = new FakeDevices();
  netlink.add(1, 'lo', '127.0.0.1', 8);
  const changes: number[] = [];
  const callers = new LocalCallers({ netlink, onChange: (rules) => changes.push(rules.bridges.length) });
  t.teardown(() => callers.close());
  await callers.start();
  t.same(changes, [0]);
  t.equal(callers.allows(ip('10.42.0.9')), false);
  netlink.add(7, 'corral0', '10.42.0.1', 24);
  t.equal(callers.allows(ip('10.42.0.9')), false, 'not read again yet');
  t.equal(await callers.allowsAfterLook(ip('10.42.0.9')), true);
  t.same(changes, [0, 1]);
  await callers.refresh();
  t.same(changes, [0, 1], 'equal rules are not told again');
});

t.test('a bridge with both families admits both', async (t) => {
  const netlink = new FakeDevices();
  netlink.add(7, 'corral0', '10.42.0.1', 24);
  netlink.add(7, 'corral0', 'fd00:42::1', 64);
  const callers = new LocalCallers({ netlink });
  t.teardown(() => callers.close());
  await callers.start();
  t.ok(callers.allows(ip('fd00:42::9')));
  t.notOk(callers.allows(ip('fd00:43::9')));
});

t.test('two questions of a new container are both answered, also while a reading is under way', async (t) => {
  const netlink = new FakeDevices();
  const callers = new LocalCallers({ netlink });
  t.teardown(() => callers.close());
  await callers.start();
  const hold = Promise.withResolvers<void>();
  netlink.slow = hold.promise;
  const early = callers.refresh();
  netlink.add(7, 'corral0', '10.42.0.1', 24);
  const first = callers.allowsAfterLook(ip('10.42.0.9'));
  const second = callers.allowsAfterLook(ip('10.42.0.9'));
  const sibling = callers.allowsAfterLook(ip('10.42.0.10'));
  await sleep(250); // longer than the pause between looks, so that the look is ready to share the early reading
  hold.resolve();
  await early;
  t.equal(callers.allows(ip('10.42.0.9')), false, 'the early reading saw nothing of it');
  t.same(await Promise.all([first, second, sibling]), [true, true, true]);
  t.equal(netlink.reads, 3);
});

t.test('strangers cannot make the devices be read at will', async (t) => {
  const netlink = new FakeDevices();
  const callers = new LocalCallers({ netlink });
  t.teardown(() => callers.close());
  await callers.start();
  const answers = await Promise.all(Array.from({ length: 100 }, () => callers.allowsAfterLook(ip('203.0.113.9'))));
  t.notOk(answers.includes(true));
  t.equal(netlink.reads, 2, 'one at the start, one for all of them');
});

t.test('a failing reading keeps the last rules and is told', async (t) => {
  const netlink = new FakeDevices();
  netlink.add(7, 'docker0', '172.17.0.1', 16);
  const faults: unknown[] = [];
  const callers = new LocalCallers({ netlink, onFault: (error) => faults.push(error) });
  t.teardown(() => callers.close());
  await callers.start();
  netlink.broken = true;
  await callers.refresh();
  t.equal(faults.length, 1);
  t.ok(callers.allows(ip('172.17.0.2')));
});

t.test('an address of a local container is enough', async (t) => {
  const callers = new LocalCallers({ netlink: new FakeDevices() });
  const containers = new Set([ip('10.99.0.5')]);
  callers.useContainers(containers);
  t.ok(callers.allows(ip('10.99.0.5')));
  containers.clear();
  t.notOk(callers.allows(ip('10.99.0.5')));
});

t.test('a device that vanished between the two listings is left out', async (t) => {
  const netlink = new FakeDevices();
  netlink.add(9, 'corral0', '10.42.0.1', 24);
  netlink.devices.clear();
  const callers = new LocalCallers({ netlink });
  t.teardown(() => callers.close());
  await callers.start();
  t.equal(callers.allows(ip('10.42.0.9')), false);
});
