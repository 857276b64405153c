import t from 'tap';
import type { DriverWish } from '../../../../daemons/overlay/driver.ts';
import { vxlanDriver } from '../../../../daemons/overlay/vxlan/vxlan-driver.ts';
import type { SnapshotObject } from '../../../../daemons/shared/model/objects.ts';
import { makeKernel } from '../../../fakes/vxlan-kernel.ts';
import { blockObject, cluster, hostIdOf, hostObject } from '../../../fixtures/overlay-objects.ts';
import { factsOf, ip, randomFrom, wishOf } from '../support.ts';

/** Hosts and blocks that come, go and change one by one; what stays is the same object, as in snapshots that follow each other. */
function changing(random: () => number): { step(): void; wish(complete: boolean): DriverWish } {
  const objects = new Map<string, SnapshotObject>();
  const put = (object: SnapshotObject): void => void objects.set(`${object.kind} ${object.id}`, object);
  for (const object of cluster(6)) put(object);
  const first = wishOf([...objects.values()]);
  const { addresses } = factsOf(first);
  const paths = new Map(factsOf(first).paths);
  return {
    step() {
      const number = 2 + Math.floor(random() * 9);
      const kind = Math.floor(random() * 7);
      if (kind < 2) for (const object of [hostObject(number), blockObject(number)]) put(object);
      else if (kind === 2) put(hostObject(number, { agentIp: `192.168.50.${100 + Math.floor(random() * 50)}` }));
      else if (kind === 3) put(hostObject(number, { alive: random() < 0.5 }));
      else if (kind === 4) put(blockObject(number, `10.42.${20 + number}.0/24`));
      else if (kind === 5)
        for (const key of [...objects.keys()].filter((one) => one.endsWith(hostIdOf(number)))) objects.delete(key);
      else paths.set(ip(`192.168.50.${10 + number}`), { index: 2, onLink: true, mtu: random() < 0.5 ? 1_300 : 1_500 });
    },
    wish(complete) {
      const wish = wishOf([...objects.values()], { complete });
      return { networks: wish.networks, guarded: [], facts: { addresses, paths }, complete };
    },
  };
}

t.test('change after change, one process leaves what a new one would, and reads the kernel once', async (t) => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = randomFrom(seed);
    const kernel = makeKernel();
    const driver = vxlanDriver(kernel);
    const world = changing(random);
    await driver.keep(world.wish(true));
    await driver.keep(world.wish(true));
    for (let turn = 0; turn < 20; turn += 1) {
      for (let count = Math.floor(random() * 3); count >= 0; count -= 1) world.step();
      if (random() < 0.2) await driver.keep(world.wish(false));
      const reads = kernel.reads;
      await driver.keep(world.wish(true));
      if (kernel.reads !== reads) return t.equal(kernel.reads, reads, `seed ${seed}, turn ${turn}: listings`);
      kernel.written.length = 0;
      await vxlanDriver(kernel).keep(world.wish(true));
      if (kernel.written.length > 0) return t.same(kernel.written, [], `seed ${seed}, turn ${turn}`);
    }
  }
  return t.pass('1,200 changes');
});
