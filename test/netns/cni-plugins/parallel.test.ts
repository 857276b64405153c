import t, { type Test } from 'tap';
import { type Container, config, Lab, type Run, skipReason } from './lab.ts';

const many = 50;

/** Addresses of successful results, or why one failed. */
function addressesOf(outputs: readonly string[]): string[] {
  return outputs.map((text) => {
    const result = JSON.parse(text);
    return result.ips?.[0].address ?? `${result.code} ${result.msg}`;
  });
}

function checkAddresses(t: Test, addresses: readonly string[]): void {
  t.equal(new Set(addresses).size, many, 'all distinct');
  t.same(
    addresses.filter((text) => !/^10\.42\.7\.\d+\/24$/.test(text)),
    [],
  );
}

t.test('50 programs at once on a host without a bridge', { skip: skipReason, timeout: 60_000 }, async (t) => {
  const lab = new Lab(t);
  const containers = Array.from({ length: many }, () => lab.container());
  const all = (verb: string): Promise<Run[]> => Promise.all(containers.map((container) => lab.cni(verb, container)));
  checkAddresses(t, addressesOf((await all('ADD')).map((run) => run.stdout)));
  t.ok(lab.pings(containers[0] as Container, '10.42.7.1'));
  t.same(
    (await all('DEL')).map((run) => run.code),
    new Array(many).fill(0),
  );
  t.same(lab.traces(), []);
});

t.test('50 calls at once in one process, its lease hook hanging', { skip: skipReason, timeout: 60_000 }, async (t) => {
  const lab = new Lab(t);
  const containers = Array.from({ length: many }, () => lab.container());
  const all = async (verb: string): Promise<{ outputs: string[]; told: string[] }> => {
    const requests = containers.map((container) => ({ env: lab.env(verb, container), stdin: JSON.stringify(config) }));
    const { replies, told, ms } = JSON.parse((await lab.library({ requests })).stdout);
    t.comment(`${many} ${verb} in one process: ${Math.round(ms)} ms`);
    return { outputs: replies.map((reply: { stdout: string }) => reply.stdout), told };
  };
  const added = await all('ADD');
  checkAddresses(t, addressesOf(added.outputs));
  t.equal(added.told.length, many);
  const deleted = await all('DEL');
  t.same(deleted.outputs, new Array(many).fill(''));
  t.equal(deleted.told.filter((text) => text.startsWith('removed')).length, many);
  t.same(lab.traces(), []);
});

t.test('ADD and DEL of one attachment at once end in one of the two orders', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const container = lab.container();
  for (let round = 0; round < 5; round += 1) {
    const [added, deleted] = await Promise.all([lab.cni('ADD', container), lab.cni('DEL', container)]);
    t.equal(added.code, 0, added.stdout);
    t.equal(deleted.code, 0, deleted.stdout);
    t.ok([0, 1].includes(lab.files('attachments').length));
    t.equal((await lab.cni('DEL', container)).code, 0);
    t.same(lab.traces(), []);
  }
});

t.test('ids that begin alike, at once', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const containers = Array.from({ length: 12 }, (_, at) => ({ ...lab.container(), id: `0123456789${at}abcdef` }));
  const requests = (verb: string): object => ({
    requests: containers.map((container) => ({ env: lab.env(verb, container), stdin: JSON.stringify(config) })),
  });
  // By programs that race, and by calls that meet in one process.
  const programs = await Promise.all(containers.slice(0, 6).map((container) => lab.cni('ADD', container)));
  t.same(
    programs.map((run) => run.code),
    new Array(6).fill(0),
    programs.map((run) => run.stdout).join('\n'),
  );
  await Promise.all(containers.slice(0, 6).map((container) => lab.cni('DEL', container)));
  t.same(lab.traces(), []);
  const { replies } = JSON.parse((await lab.library(requests('ADD'))).stdout);
  t.same(
    addressesOf(replies.map((reply: { stdout: string }) => reply.stdout)).sort(),
    [...new Set(replies.map((reply: { stdout: string }) => JSON.parse(reply.stdout).ips?.[0].address))].sort(),
  );
  for (const container of containers) t.ok(lab.pings(container, '10.42.7.1'), container.id);
  await lab.library(requests('DEL'));
  t.same(lab.traces(), []);
});
