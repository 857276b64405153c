// F14: whoever does an ADD is killed after each of its steps; then DEL, and ADD: nothing is left and the next is right.
import t, { type Test } from 'tap';
import { type Container, config, skipReason } from '../netns/cni-plugins/lab.ts';
import { until } from '../netns/support/namespaces.ts';
import { CniBed } from './support/cni-bed.ts';

const options = { skip: skipReason, timeout: 120_000 };

/** The steps of ADD by their names, from a daemon that did one. */
async function stepsOf(bed: CniBed): Promise<readonly string[]> {
  const host = await bed.host();
  const container = bed.lab.container();
  await bed.cni('ADD', container);
  await bed.cni('DEL', container);
  await host.kill();
  return host.said.filter((text) => text !== 'listening');
}

/** A whole life of the attachment, and nothing after it. */
async function expectWorks(t: Test, bed: CniBed, container: Container, what: string): Promise<void> {
  const added = await bed.cni('ADD', container);
  t.equal(added.code, 0, `${what}: ADD: ${added.stdout}`);
  const address = addressIn(added.stdout);
  t.match(bed.lab.ip(container, '-4', 'address', 'show', 'eth0'), `inet ${address} `);
  t.ok(bed.lab.pings(container, '10.42.7.1'), `${what}: it reaches the gateway`);
  t.same(bed.lab.files('addresses'), [address.split('/')[0]], `${what}: one address, one owner`);
  await expectGone(t, bed, container, what);
}

async function expectGone(t: Test, bed: CniBed, container: Container, what: string): Promise<void> {
  const deleted = await bed.cni('DEL', container);
  t.equal(deleted.code, 0, `${what}: DEL: ${deleted.stdout}`);
  t.same(bed.lab.traces(), [], `${what}: nothing is left`);
  t.notMatch(bed.lab.ip(container, '-o', 'link'), ': eth0', `${what}: nor in the container`);
}

function addressIn(stdout: string): string {
  return JSON.parse(stdout).ips[0].address;
}

t.test('the daemon is killed after each step: the shim’s caller gets a working container', options, async (t) => {
  const bed = new CniBed(t);
  const steps = await stepsOf(bed);
  t.ok(steps.length >= 5, steps.join(' '));
  for (const step of steps) {
    const container = bed.lab.container();
    const host = await bed.host('kill', step);
    const added = await bed.cni('ADD', container);
    t.equal(added.code, 0, `${step}: ${added.stdout}`);
    t.ok(host.isDead, `${step}: the daemon died`);
    t.match(bed.lab.ip(container, '-4', 'address', 'show', 'eth0'), `inet ${addressIn(added.stdout)} `);
    t.ok(bed.lab.pings(container, '10.42.7.1'), step);
    await expectGone(t, bed, container, step);
  }
});

t.test('daemon and shim are killed after each step: DEL cleans, and the next ADD is right', options, async (t) => {
  const bed = new CniBed(t);
  for (const step of await stepsOf(bed)) {
    const container = bed.lab.container();
    bed.standaloneIsMissing();
    await bed.host('kill', step);
    t.equal((await bed.cni('ADD', container)).code, 1, `${step}: nobody is there to go on`);
    t.equal(bed.lab.files('attachments').length, 1, `${step}: a lease tells what there is to undo`);
    bed.standaloneWorks();
    await expectGone(t, bed, container, `${step}, DEL alone`);

    bed.standaloneIsMissing();
    await bed.host('kill', step);
    await bed.cni('ADD', container);
    bed.standaloneWorks();
    const host = await bed.host();
    if (step !== 'record') await expectWorks(t, bed, container, `${step}, ADD by the next daemon`);
    else await expectGone(t, bed, container, step);
    await host.kill();
  }
});

t.test('the standalone form is killed after each step', options, async (t) => {
  const bed = new CniBed(t);
  for (const step of await stepsOf(bed)) {
    const container = bed.lab.container();
    bed.standaloneDies(step);
    t.not((await bed.cni('ADD', container)).code, 0, step);
    bed.standaloneWorks();
    await expectGone(t, bed, container, `${step}, DEL alone`);

    bed.standaloneDies(step);
    await bed.cni('ADD', container);
    bed.standaloneWorks();
    const host = await bed.host();
    await expectGone(t, bed, container, `${step}, DEL by the daemon`);
    await expectWorks(t, bed, container, `${step}, ADD after it`);
    await host.kill();
  }
});

t.test(
  'the daemon is stopped: the shim goes on alone; continued, the daemon finds all in order',
  options,
  async (t) => {
    const bed = new CniBed(t);
    const host = await bed.host();
    const [first, second] = [bed.lab.container(), bed.lab.container()];
    host.child.kill('SIGSTOP');
    const begun = performance.now();
    t.equal((await bed.cni('ADD', first)).code, 0);
    t.ok(performance.now() - begun >= 300, 'it waited for a greeting');
    const added = await bed.cni('ADD', second);
    t.equal(added.code, 0);
    host.child.kill('SIGCONT');
    t.equal((await bed.cni('DEL', first)).code, 0);
    t.equal((await bed.cni('ADD', first)).code, 0);
    t.ok(bed.lab.pings(first, addressIn(added.stdout).split('/')[0] ?? ''), 'the one that was added alone is reached');
    for (const container of [first, second]) t.equal((await bed.cni('DEL', container)).code, 0);
    t.same(bed.lab.traces(), []);
  },
);

t.test('the daemon is stopped in the midst of each step', options, async (t) => {
  const bed = new CniBed(t);
  for (const step of await stepsOf(bed)) {
    const container = bed.lab.container();
    const host = await bed.host('stop', step);
    const adding = bed.cni('ADD', container);
    await until(30_000, 'the daemon is stopped', () => host.isStopped);
    host.child.kill('SIGCONT');
    t.equal((await adding).code, 0, `${step}: the connection lived, so the daemon’s answer counts`);
    t.notOk(host.isDead);
    await expectGone(t, bed, container, step);
    await host.kill();
  }
});

t.test('the daemon is stopped in the midst of an ADD whose caller is killed', options, async (t) => {
  const bed = new CniBed(t);
  const container = bed.lab.container();
  const host = await bed.host('stop', 'port');
  const shim = bed.start('ADD', container);
  await until(30_000, 'the daemon is stopped', () => host.isStopped);
  shim.kill('SIGKILL');
  const early = await bed.cni('DEL', container);
  t.equal(early.code, 1, 'the daemon holds the attachment, so DEL cannot be done yet');
  t.match(JSON.parse(early.stdout), { code: 11 }, 'and asks to be tried again');
  host.child.kill('SIGCONT');
  await expectGone(t, bed, container, 'continued');
  await expectWorks(t, bed, container, 'afterwards');
});

t.test('the daemon and the shim are killed after each step: GC alone cleans', options, async (t) => {
  const bed = new CniBed(t);
  const known = bed.lab.container();
  t.equal((await bed.cni('ADD', known)).code, 0);
  const valid = { 'cni.dev/valid-attachments': [{ containerID: known.id, ifname: 'eth0' }] };
  for (const step of await stepsOf(bed)) {
    const container = bed.lab.container();
    bed.standaloneIsMissing();
    await bed.host('kill', step);
    await bed.cni('ADD', container);
    bed.standaloneWorks();
    const collected = await bed.cni('GC', container, { config: { ...config, ...valid } });
    t.equal(collected.code, 0, `${step}: ${collected.stdout}`);
    t.same(bed.lab.files('attachments'), [`${known.id}-eth0.json`], `${step}: the valid one stays, alone`);
    t.notMatch(bed.lab.ip(container, '-o', 'link'), ': eth0', step);
  }
  await expectGone(t, bed, known, 'the valid one');
});
