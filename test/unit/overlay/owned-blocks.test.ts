import t from 'tap';
import { renderRange } from '../../../daemons/overlay/addresses.ts';
import { OwnedBlocks, type OwnedByNetwork } from '../../../daemons/overlay/owned-blocks.ts';
import type { BlockObject } from '../../../daemons/shared/model/objects.ts';
import { SharedMap } from '../../../daemons/shared/model/shared-map.ts';
import { blockObject, hostIdOf } from '../../fixtures/overlay-objects.ts';
import { randomFrom } from './support.ts';

const tableOf = (...blocks: BlockObject[]): SharedMap<BlockObject> =>
  new SharedMap<BlockObject>().with(blocks.map((one) => [one.id, one]));

function textOf(found: OwnedByNetwork): string[] {
  const lines: string[] = [];
  for (const [network, hosts] of found) {
    for (const [host, owned] of hosts) lines.push(`${network} ${host} ${owned.map(({ cidr }) => renderRange(cidr))}`);
  }
  return lines.sort();
}

t.test('by network and host, in order of addresses', async (t) => {
  const found = new OwnedBlocks().of(
    tableOf(
      blockObject(1, '10.42.9.0/24'),
      blockObject(1, '10.42.1.0/24'),
      blockObject(2, '10.43.1.0/24', { network: 'blue' }),
      blockObject(2, 'nonsense'),
    ),
  );
  t.same(textOf(found), [`blue ${hostIdOf(2)} 10.43.1.0/24`, `corral ${hostIdOf(1)} 10.42.1.0/24,10.42.9.0/24`]);
});

t.test('hosts whose blocks are the same keep their lists; who changed has another one', async (t) => {
  const blocks = new OwnedBlocks();
  const table = tableOf(blockObject(1), blockObject(2));
  const before = blocks.of(table).get('corral')!;
  t.equal(blocks.of(table).get('corral'), before);
  const more = blockObject(2, '10.42.200.0/24');
  const after = blocks.of(table.with([[more.id, more]])).get('corral')!;
  t.equal(after.get(hostIdOf(1)), before.get(hostIdOf(1)));
  t.same(after.get(hostIdOf(2))!.length, 2);
  t.same(before.get(hostIdOf(2))!.length, 1, 'the former list is not disturbed');
});

t.test('whatever comes, changes hands or goes, it is what all blocks give', async (t) => {
  const random = randomFrom(11);
  const any = (most: number): number => 1 + Math.floor(random() * most);
  const kept = new OwnedBlocks();
  let table = tableOf();
  for (let round = 0; round < 300; round += 1) {
    // Now and then more at once than are taken one by one.
    const count = random() < 0.1 ? 100 : any(4);
    const changes = Array.from({ length: count }, (): [string, BlockObject | undefined] => {
      const network = random() < 0.2 ? 'blue' : 'corral';
      const block = blockObject(any(20), `10.42.${any(60)}.${random() < 0.1 ? '1/2/3' : '0/24'}`, { network });
      return [block.id, random() < 0.4 ? undefined : block];
    });
    table = table.with(changes);
    t.same(textOf(kept.of(table)), textOf(new OwnedBlocks().of(table)), `round ${round}`);
  }
});
