import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { block } from '../../fixtures/blocks.ts';
import { serveClaims } from '../../unit/cni-plugins/support/claims-server.ts';
import { type Container, config, Lab, skipReason } from './lab.ts';

t.setTimeout(120_000);

const ipam = { program: fileURLToPath(new URL('../../../dist/cni/corral-ipam', import.meta.url)) };

const keep = (...containers: Container[]): object => ({
  ...config,
  'cni.dev/valid-attachments': containers.map(({ id }) => ({ containerID: id, ifname: 'eth0' })),
});

t.test('GC removes what is not in the list, and nothing else', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [kept, gone, far, halfDone] = [lab.container(), lab.container(), lab.container(), lab.container()];
  const server = await serveClaims(t, lab.paths);
  for (const container of [kept, gone]) await lab.cni('ADD', container);
  await lab.cni('ADD', far, { args: 'IP=10.42.99.9' });
  await lab.library({
    requests: [{ env: lab.env('ADD', halfDone), stdin: JSON.stringify(config) }],
    killAfter: 'port',
  });
  t.equal(lab.files('attachments').length, 4);
  const run = await lab.cni('GC', kept, { config: keep(kept), env: { CNI_CONTAINERID: '', CNI_IFNAME: '' } });
  t.same([run.code, run.stdout], [0, '']);
  t.same(lab.files('attachments'), [`${kept.id}-eth0.json`]);
  t.same(lab.files('addresses'), ['10.42.7.2']);
  t.equal(server.claims.size, 0, 'its claim in the cluster is given back');
  t.equal(lab.traces().length, 4, 'its link, its neighbour entry, its lease, its claim');
  t.ok(lab.pings(kept, '10.42.7.1'));
  t.equal((await lab.cni('GC', kept, { config: keep() })).code, 0);
  t.same(lab.traces(), []);
  t.equal((await lab.cni('GC', kept, { config: keep() })).code, 0, 'and again, with nothing left to do');
});

t.test('GC finds what lost its lease', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [kept, lost] = [lab.container(), lab.container()];
  await serveClaims(t, lab.paths);
  await lab.cni('ADD', kept);
  await lab.cni('ADD', lost, { args: 'IP=10.42.99.9' });
  const stranger = 'vethr0000000000';
  lab.ip('host', 'link', 'add', stranger, 'type', 'veth', 'peer', 'name', 'foreign');
  lab.ip('host', 'link', 'set', stranger, 'alias', 'corral:other:abc:eth0');
  const dir = join(lab.paths.leases, 'corral');
  await lab.run(['rm', join(dir, 'attachments', `${lost.id}-eth0.json`)]);
  writeFileSync(join(dir, 'addresses/10.42.7.77'), 'no lease');
  writeFileSync(join(dir, 'attachments', 'x-eth0.json'), '{');
  lab.ip('host', 'neigh', 'add', '10.42.7.88', 'lladdr', '02:00:00:00:00:88', 'nud', 'permanent', 'dev', 'corral0');
  t.equal((await lab.cni('GC', kept, { config: keep(kept) })).code, 0);
  t.same(lab.files('addresses'), ['10.42.7.2']);
  t.notMatch(lab.ip('host', 'link'), `vethr${lost.id.slice(0, 10)}`);
  t.match(lab.ip('host', 'link'), stranger, 'another network’s link is not its business');
  const neighbours = lab.ip('host', 'neigh', 'show', 'nud', 'permanent');
  t.notMatch(neighbours, /10\.42\.7\.88|10\.42\.99\.9/);
  t.match(neighbours, /10\.42\.7\.2 /);
  t.notMatch(lab.ip('host', 'route'), /10\.42\.99\.9/);
  t.same(readdirSync(join(dir, 'damaged')), ['x-eth0.json']);
});

t.test('GC leaves what network-manager attached', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [docker, runtime] = [lab.container(), lab.container()];
  await lab.cni('ADD', docker, { config: { ...config, args: { corral: { engine: 'docker', name: 'web' } } } });
  await lab.cni('ADD', runtime);
  t.equal((await lab.cni('GC', runtime, { config: keep() })).code, 0);
  t.same(lab.files('attachments'), [`${docker.id}-eth0.json`]);
  t.ok(lab.pings(docker, '10.42.7.1'));
});

t.test('a list that cannot be read removes nothing', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const it = lab.container();
  await lab.cni('ADD', it);
  const before = lab.traces();
  for (const value of [undefined, 7, 'x', {}, [7], [{ containerID: it.id }], [{ ifname: 'eth0' }]]) {
    const conf = { ...config, 'cni.dev/valid-attachments': value };
    t.equal(JSON.parse((await lab.cni('GC', it, { config: conf })).stdout).code, 7, JSON.stringify(value));
  }
  t.same(lab.traces(), before);
  const old = { ...config, 'cni.dev/attachments': [{ containerID: it.id, ifname: 'eth0' }] };
  t.equal((await lab.cni('GC', it, { config: old })).code, 0, 'the name of the first drafts');
  t.same(lab.traces(), before);
  t.equal((await lab.cni('GC', it, { config: { ...config, 'cni.dev/valid-attachments': null } })).code, 0);
  t.same(lab.traces(), [], 'null is how an empty list is written in Go');
});

t.test('GC of a network that never was, and without its block', { skip: skipReason }, async (t) => {
  const lab = new Lab(t, null);
  t.equal((await lab.cni('GC', lab.container(), { config: { ...keep(), name: 'nobody' } })).code, 0);
  t.same(lab.files('attachments', 'nobody'), []);
});

t.test('corral-ipam sweeps only leases whose link is another plugin’s', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const [own, theirs] = [lab.container(), lab.container()];
  await lab.cni('ADD', own);
  await lab.cni('ADD', theirs, ipam);
  t.equal((await lab.cni('GC', own, { ...ipam, config: keep() })).code, 0);
  t.same(lab.files('attachments'), [`${own.id}-eth0.json`]);
});

t.test('STATUS', { skip: skipReason }, async (t) => {
  const status = async (lab: Lab, options: object = {}): Promise<number> => {
    const run = await lab.cni('STATUS', lab.container(), options);
    return run.code === 0 ? 0 : JSON.parse(run.stdout).code;
  };
  const lab = new Lab(t, { ...block, cidrs: ['10.42.7.0/30'] });
  t.equal(await status(lab), 0, 'nothing is there yet, and ADD would make it');
  t.equal(await status(lab, ipam), 0);
  t.equal(await status(lab, { config: { ...config, name: 'other' } }), 50, 'no block');
  t.equal(await status(lab, { config: { ...config, mtu: 'x' } }), 7);
  const it = lab.container();
  await lab.cni('ADD', it);
  t.equal(await status(lab), 50, 'no address is left');
  t.equal(await status(lab, ipam), 50);
  const wide = new Lab(t);
  await wide.cni('ADD', wide.container());
  t.equal(await status(wide), 0);
  wide.ip('host', 'link', 'set', 'corral0', 'down');
  t.equal(await status(wide), 51, 'what is attached cannot be reached');
  const wrong = new Lab(t);
  wrong.ip('host', 'link', 'add', 'corral0', 'type', 'veth', 'peer', 'name', 'x');
  t.equal(await status(wrong), 50, 'the bridge is none');
});
