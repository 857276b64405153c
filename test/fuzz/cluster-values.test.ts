// Hostile values in the cluster's store until the time is up: whatever other hosts write, it is refused or it is well-formed.
import t from 'tap';
import { clusterNetworks } from '../../daemons/metadata/cluster/cluster-networks.ts';
import { clusterDeclared } from '../../daemons/metadata/cluster/declared.ts';
import { parseEntry, renderEntry } from '../../daemons/metadata/cluster/export-lines.ts';
import { Mirror } from '../../daemons/metadata/cluster/mirror.ts';
import { declaredObjects } from '../../daemons/metadata/derive-declared.ts';
import { ownObjects } from '../../daemons/metadata/derive-own.ts';
import { parseRecord } from '../../daemons/shared/model/parse-record.ts';
import { clusterId, host, hostId, idOf, otherHostId, record } from '../fixtures/records.ts';
import { seeded } from '../unit/cni-plugins/support/hostile-inputs.ts';

const seconds = Number(process.env.CORRAL_FUZZ_SECONDS ?? 20);
const seed = Number(process.env.CORRAL_FUZZ_SEED ?? Date.now() % 2 ** 32);

const root = '/corral/v1/';
const plan = {
  name: 'blue',
  subnet: '10.50.0.0/16',
  block: 24,
  driver: 'vxlan',
  isDefault: false,
  mtu: null,
  vni: 7,
  subnet6: 'fd42::/48',
};
const good: [string, unknown][] = [
  [`hosts/${otherHostId}/info`, { ...host({ id: otherHostId }), proposes: ['a'], contested: ['b/c'] }],
  [
    `hosts/${otherHostId}/containers/${idOf(1)}`,
    record(1, { hostId: otherHostId, ports: ['0.0.0.0:80:80/tcp'], labels: { a: 'b' } }),
  ],
  [`alive/${otherHostId}`, { instance: idOf(2), place: 'p', name: 'n', agentIp: '192.0.2.1' }],
  ['blocks/blue/10.50.1.0/24', { hostId: otherHostId, order: 1 }],
  ['addresses/flat/10.43.0.7', { hostId: otherHostId, owner: 'o' }],
  ['networks/blue', plan],
  [
    'declared/services/a/b/b',
    { hostId: otherHostId, entry: { name: 'b', stack: 'a', links: ['x/y'], ports: ['80:80'] } },
  ],
  ['declared/hosts/h', { hostId: otherHostId, entry: { name: 'h', agentIp: '192.0.2.7' } }],
  ['declared/containers/h/c', { hostId: otherHostId, entry: { name: 'c', host: 'h', ips: ['10.50.1.9'] } }],
];
const odd: unknown[] = [
  null,
  true,
  -1,
  2 ** 53,
  1e308,
  '',
  '../..',
  'a'.repeat(5_000),
  [],
  {},
  [[]],
  '\u0000',
  '10.0.0.0/33',
  '__proto__',
  { constructor: 7 },
  ['x', 7],
];

/** From 0 to below 1. */
type Random = () => number;
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

/** The value with something in it replaced, removed, added or cut. */
function spoil(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.1) return pick(random, odd);
  if (Array.isArray(value))
    return random() < 0.5 ? [...value, pick(random, odd)] : value.map((one) => spoil(random, one));
  const entries = Object.entries(value);
  const [name, inner] = pick(random, entries.length > 0 ? entries : [['x', 1]]);
  const how = random();
  if (how < 0.2) return Object.fromEntries(entries.filter(([other]) => other !== name));
  if (how < 0.3) return { ...value, [`${JSON.stringify(pick(random, odd))}`]: pick(random, odd) };
  return { ...value, [name]: spoil(random, inner) };
}

function spoilText(random: Random, text: string): string {
  const at = Math.floor(random() * text.length);
  return random() < 0.5
    ? text.slice(0, at)
    : text.slice(0, at) + pick(random, ['"', '}', '\\', '\n', '\uD800']) + text.slice(at + 1);
}

t.test(`hostile values for ${seconds} s, CORRAL_FUZZ_SEED=${seed}`, { timeout: (seconds + 120) * 1000 }, async (t) => {
  const below = seeded(seed);
  const random = (): number => below(2 ** 20) / 2 ** 20;
  const end = performance.now() + seconds * 1000;
  const own = host();
  let mirror = new Mirror(hostId);
  let count = 0;
  let last = '';
  try {
    for (; performance.now() < end; count += 1) {
      if (count % 1_000 === 0) mirror = new Mirror(hostId);
      const [place, value] = pick(random, good);
      const key = random() < 0.9 ? place : spoilText(random, place);
      const whole = JSON.stringify(random() < 0.05 ? value : spoil(random, value)) ?? '';
      const text = random() < 0.9 ? whole : spoilText(random, whole);
      last = `${key} ${text}`.slice(0, 2_000);
      const item = { key: root + key, value: text, created: count + 1, modified: count + 1 };
      if (random() < 0.1) mirror.apply([{ drop: item.key, modified: item.modified }]);
      else if (count % 11 === 0) {
        mirror.startList(random() < 0.5);
        mirror.page([item]);
        mirror.endList();
      } else mirror.apply([{ put: item }]);
      for (const one of mirror.take().put) parseRecord(one);
      const entry = renderEntry(item.key, text);
      if (entry !== undefined) parseEntry(entry.trim());
      if (count % 20 !== 0) continue;
      const { use } = clusterNetworks(
        [...mirror.networks.values()].map((one) => one.value),
        [],
      );
      const others = [...mirror.infos.values()].map((one) => one.value.object);
      const { entries } = clusterDeclared({
        held: [...mirror.declared.values()],
        file: { stacks: [], services: [], hosts: [], containers: [] },
        own,
      });
      declaredObjects({ clusterId, hostId }, entries, own, others);
      const blocks = [...mirror.blocks.values()].map((one) => one.value);
      ownObjects(
        { clusterId, hostId },
        [own, ...others],
        use.map((one) => ({ plan: one, blocks: [] })),
        blocks,
      );
    }
  } catch (error) {
    t.fail(`value ${count}: ${(error as Error).stack}`, { last });
  }
  t.comment(`${count} values, ${mirror.refused} of the last refused`);
  t.ok(count > 1_000);
});
