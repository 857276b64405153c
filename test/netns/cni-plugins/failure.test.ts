import t from 'tap';
import { serveClaims } from '../../unit/cni-plugins/support/claims-server.ts';
import { type Container, config, Lab, skipReason } from './lab.ts';

t.setTimeout(120_000);

const steps = ['reserve', 'bridge', 'pair', 'port', 'container', 'record'];
const outside = { args: 'IP=10.42.99.9' };

function request(lab: Lab, verb: string, container: Container): object {
  return { env: lab.env(verb, container, outside), stdin: JSON.stringify(config) };
}

t.test('a failure after any step of ADD leaves nothing', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const server = await serveClaims(t, lab.paths);
  for (const failAfter of steps) {
    const container = lab.container();
    const run = await lab.library({ requests: [request(lab, 'ADD', container)], failAfter });
    const { replies, told } = JSON.parse(run.stdout);
    t.match(JSON.parse(replies[0].stdout), { code: 100, msg: `injected after ${failAfter}` });
    t.same(told, [], 'and nobody was told of a lease');
    t.same(lab.traces(), [], failAfter);
    t.equal(server.claims.size, 0, 'nor a claim');
    t.notMatch(lab.ip(container, 'link'), /eth0/, failAfter);
  }
});

t.test('kill -9 after any step, then DEL and ADD', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  await serveClaims(t, lab.paths);
  for (const killAfter of steps) {
    const container = lab.container();
    const run = await lab.library({ requests: [request(lab, 'ADD', container)], killAfter });
    t.equal(run.stdout, '', killAfter);
    t.equal((await lab.cni('DEL', container)).code, 0);
    t.same(lab.traces(), [], killAfter);
    t.notMatch(lab.ip(container, 'link'), /eth0/, killAfter);
    t.equal((await lab.cni('ADD', container)).code, 0);
    t.ok(lab.pings(container, '10.42.7.1'));
    t.equal((await lab.cni('DEL', container)).code, 0);
  }
  t.same(lab.traces(), []);
});

t.test('kill -9 after any step, then ADD at once', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  await serveClaims(t, lab.paths);
  for (const killAfter of steps.slice(0, -1)) {
    const container = lab.container();
    await lab.library({ requests: [request(lab, 'ADD', container)], killAfter });
    const run = await lab.cni('ADD', container, outside);
    t.equal(run.code, 0, `${killAfter}: ${run.stdout}`);
    t.ok(lab.pings('host', '10.42.99.9'), killAfter);
    t.equal((await lab.cni('DEL', container)).code, 0);
    t.same(lab.traces(), [], killAfter);
  }
});

t.test('leases of an earlier boot are forgotten', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [before, after] = [lab.container(), lab.container()];
  await lab.cni('ADD', before);
  lab.removeContainer(before);
  await lab.run([
    'sh',
    '-c',
    `sed -i 's/"bootId":"[^"]*"/"bootId":"other"/' ${lab.root}/run/corral/leases/corral/a*/*; echo other > ${lab.root}/run/corral/leases/corral/boot`,
  ]);
  t.equal((await lab.cni('ADD', after)).code, 0);
  t.same(lab.files('attachments'), [`${after.id}-eth0.json`]);
  t.equal(lab.files('addresses').length, 1);
});
