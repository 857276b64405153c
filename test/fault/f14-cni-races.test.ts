// F14: hosted, by the shim and alone, all at once: every address once, no error, nothing left.
import t, { type Test } from 'tap';
import { type Container, type Run, skipReason } from '../netns/cni-plugins/lab.ts';
import { CniBed } from './support/cni-bed.ts';

const options = { skip: skipReason, timeout: 170_000 };

function containersOf(bed: CniBed, count: number): readonly Container[] {
  return Array.from({ length: count }, () => bed.lab.container());
}

function expectDistinct(t: Test, runs: readonly Run[], bed: CniBed): void {
  const failed = runs.filter(({ code }) => code !== 0).map(({ code, signal, stdout }) => `${code} ${signal} ${stdout}`);
  t.same(failed, [], 'no error');
  const addresses = runs.filter(({ code }) => code === 0).map(({ stdout }) => JSON.parse(stdout).ips[0].address);
  t.equal(new Set(addresses).size, runs.length, 'every address once');
  t.same(bed.lab.files('addresses').sort(), addresses.map((text) => text.split('/')[0]).sort());
}

async function expectAllGone(t: Test, runs: Promise<readonly Run[]>, bed: CniBed): Promise<void> {
  t.same(
    (await runs).filter(({ code }) => code !== 0).map(({ stdout }) => stdout),
    [],
    'every DEL succeeds',
  );
  t.same(bed.lab.traces(), []);
}

t.test('200 first ADDs at once on a host without a bridge, then 200 DELs', options, async (t) => {
  const bed = new CniBed(t);
  const containers = containersOf(bed, 200);
  bed.lab.ip('host', 'link', 'add', 'vethforeign', 'type', 'veth', 'peer', 'name', 'vethother');
  await bed.host();
  expectDistinct(t, await Promise.all(containers.map((one) => bed.cni('ADD', one))), bed);
  t.ok(bed.lab.pings(containers[0]!, '10.42.7.1'));
  t.equal(bed.lab.ip('host', '-o', 'link', 'show', 'master', 'corral0').trim().split('\n').length, 200);
  await expectAllGone(t, Promise.all(containers.map((one) => bed.cni('DEL', one))), bed);
  t.match(bed.lab.ip('host', '-o', 'link'), / vethforeign@/, 'a link of someone else stays');
});

t.test('the daemon is killed half-way through 60', options, async (t) => {
  const bed = new CniBed(t);
  const containers = containersOf(bed, 60);
  const host = await bed.host('kill', 'record', '20');
  expectDistinct(t, await Promise.all(containers.map((one) => bed.cni('ADD', one))), bed);
  t.ok(host.isDead);
  await bed.host();
  await expectAllGone(t, Promise.all(containers.map((one) => bed.cni('DEL', one))), bed);
});

t.test('the daemon’s and the standalone form’s verbs at once', options, async (t) => {
  const bed = new CniBed(t);
  const containers = containersOf(bed, 40);
  await bed.host();
  const mixed = (verb: string, turn: number): Promise<readonly Run[]> =>
    Promise.all(containers.map((one, at) => (at % 2 === turn ? bed.cni(verb, one) : bed.alone(verb, one))));
  expectDistinct(t, await mixed('ADD', 0), bed);
  await expectAllGone(t, mixed('DEL', 1), bed);
});

t.test('one attachment, by both at once', options, async (t) => {
  const bed = new CniBed(t);
  const container = bed.lab.container();
  await bed.host();
  for (let round = 0; round < 5; round += 1) {
    const both = (verb: string): Promise<readonly Run[]> =>
      Promise.all([bed.cni(verb, container), bed.alone(verb, container)]);
    const added = await both('ADD');
    t.same(added.map(({ code }) => code).sort(), [0, 1], 'one of them');
    t.match(JSON.parse(added.find(({ code }) => code === 1)?.stdout ?? ''), { code: 103 });
    t.equal(bed.lab.files('addresses').length, 1);
    await expectAllGone(t, both('DEL'), bed);
  }
});

t.test('ADD and DEL of one attachment by both at once end in one of the orders', options, async (t) => {
  const bed = new CniBed(t);
  const container = bed.lab.container();
  await bed.host();
  for (let round = 0; round < 5; round += 1) {
    const [added, deleted] = await Promise.all([bed.alone('ADD', container), bed.cni('DEL', container)]);
    t.same([added.code, deleted.code], [0, 0]);
    t.equal((await bed.cni('DEL', container)).code, 0);
    t.same(bed.lab.traces(), []);
  }
});
