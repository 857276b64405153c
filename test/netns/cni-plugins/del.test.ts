import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { serveClaims } from '../../unit/cni-plugins/support/claims-server.ts';
import { config, Lab, skipReason } from './lab.ts';

t.setTimeout(120_000);

t.test('DEL succeeds in every state and leaves nothing', { skip: skipReason }, async (t) => {
  const rows: [string, (lab: Lab, it: ReturnType<Lab['container']>) => void][] = [
    ['as it should be', () => undefined],
    ['namespace gone', (lab, it) => lab.removeContainer(it)],
    ['link gone from the host', (lab, it) => void lab.ip('host', 'link', 'del', `vethr${it.id.slice(0, 10)}`)],
    ['link gone from the container', (lab, it) => void lab.ip(it, 'link', 'del', 'eth0')],
    ['bridge gone', (lab) => void lab.ip('host', 'link', 'del', 'corral0')],
    ['lease damaged', (lab, it) => writeFileSync(leaseFile(lab, it.id), '{')],
  ];
  for (const [name, damage] of rows) {
    const lab = new Lab(t);
    const it = lab.container();
    await serveClaims(t, lab.paths);
    t.equal((await lab.cni('ADD', it, { args: 'IP=10.42.99.9' })).code, 0, name);
    t.not(lab.traces().length, 0);
    damage(lab, it);
    for (const attempt of ['first', 'second']) {
      const run = await lab.cni('DEL', it);
      t.same([run.code, run.stdout], [0, ''], `${name}, ${attempt} DEL`);
      t.same(lab.traces(), [], name);
    }
  }
});

t.test('DEL before ADD, without CNI_NETNS, and without a block', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const it = lab.container();
  t.equal((await lab.cni('DEL', it)).code, 0);
  t.notOk(existsSync(lab.paths.leases));
  t.equal((await lab.cni('ADD', it)).code, 0);
  t.equal((await lab.cni('DEL', it, { env: { CNI_NETNS: '' } })).code, 0);
  t.same(lab.traces(), []);
  t.equal((await lab.cni('DEL', it, { config: { ...config, name: 'nobody' } })).code, 0);
  t.notOk(existsSync(join(lab.paths.leases, 'nobody')), 'a network that never was leaves no folder');
});

t.test('DEL without a lease still finds the link by its alias', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const it = lab.container();
  await lab.cni('ADD', it);
  writeFileSync(leaseFile(lab, it.id), '');
  writeFileSync(join(lab.paths.leases, 'corral/addresses/10.42.7.2'), '');
  t.equal((await lab.cni('DEL', it)).code, 0);
  t.notMatch(lab.ip('host', 'link'), /vethr/);
});

t.test('DEL leaves a stranger’s device of the same name alone', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const it = lab.container();
  const name = `vethr${it.id.slice(0, 10)}`;
  lab.ip('host', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'foreign');
  t.equal((await lab.cni('DEL', it)).code, 0);
  t.match(lab.ip('host', 'link'), name);
  const added = await lab.cni('ADD', it);
  t.equal(added.code, 0, added.stdout);
  t.not(JSON.parse(added.stdout).interfaces[1].name, name, 'ADD takes its second name');
  t.equal((await lab.cni('DEL', it)).code, 0);
  t.match(lab.ip('host', 'link'), name);
});

t.test('ADD on an interface that exists is refused, DEL and ADD again work', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const it = lab.container();
  t.equal((await lab.cni('ADD', it)).code, 0);
  const before = lab.traces();
  t.match(JSON.parse((await lab.cni('ADD', it)).stdout), { code: 103, msg: /ATTACHMENT_EXISTS/ });
  t.same(lab.traces(), before, 'and nothing of the first was touched');
  t.ok(lab.pings(it, '10.42.7.1'));
  t.equal((await lab.cni('DEL', it)).code, 0);
  t.equal((await lab.cni('ADD', it)).code, 0);
});

t.test('a container that came back without DEL keeps its address', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const it = lab.container();
  await lab.cni('ADD', it);
  await lab.cni('ADD', lab.container());
  lab.removeContainer(it);
  const again = { ...lab.container(), id: it.id };
  const run = await lab.cni('ADD', again);
  t.equal(JSON.parse(run.stdout).ips?.[0].address, '10.42.7.2/24', run.stdout);
  t.ok(lab.pings(again, '10.42.7.1'));
});

function leaseFile(lab: Lab, id: string): string {
  return join(lab.paths.leases, 'corral/attachments', `${id}-eth0.json`);
}
