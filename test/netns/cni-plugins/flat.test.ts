// Networks without blocks, and declared containers: the address comes from the cluster, or from the configuration.
import t from 'tap';
import { flatBlock as flat } from '../../fixtures/blocks.ts';
import { serveClaims } from '../../unit/cni-plugins/support/claims-server.ts';
import { config, Lab, skipReason } from './lab.ts';

t.setTimeout(120_000);

const ofFlat = { ...config, name: 'flat' };

t.test('a flat network: claimed at ADD, given back at DEL', { skip: skipReason }, async (t) => {
  const lab = new Lab(t, flat, 'flat');
  const [one, two] = [lab.container(), lab.container()];
  const alone = await lab.cni('ADD', one, { config: ofFlat });
  t.match([alone.code, JSON.parse(alone.stdout)], [1, { code: 11, msg: /NOT_RUNNING/ }], 'without metadata');
  const server = await serveClaims(t, lab.paths);
  for (const [container, address] of [[one, '10.43.0.2/16'] as const, [two, '10.43.0.3/16'] as const]) {
    const run = await lab.cni('ADD', container, { config: ofFlat });
    t.equal(run.code, 0, run.stdout);
    t.match(JSON.parse(run.stdout).ips, [{ address, gateway: '10.43.0.1' }]);
  }
  t.ok(lab.pings(one, '10.43.0.3'));
  t.same([...server.claims.values()], [`${one.id}-eth0`, `${two.id}-eth0`]);
  t.equal((await lab.cni('DEL', one, { config: ofFlat })).code, 0);
  t.same([...server.claims.keys()], ['10.43.0.3']);
  server.refusal = { status: 503, code: 'STORE_UNAVAILABLE' };
  t.equal((await lab.cni('DEL', two, { config: ofFlat })).code, 0, 'DEL does not need the store');
  t.same(lab.traces(), []);
});

t.test('an ADD that fails gives its address back', { skip: skipReason }, async (t) => {
  const lab = new Lab(t, flat, 'flat');
  const server = await serveClaims(t, lab.paths);
  const one = lab.container();
  lab.ip('host', 'link', 'add', 'corral-flat', 'type', 'veth', 'peer', 'name', 'other');
  const run = await lab.cni('ADD', one, { config: ofFlat });
  t.match(JSON.parse(run.stdout), { code: 104 });
  t.same([...server.claims.keys()], []);
});

t.test('a declared container', { skip: skipReason }, async (t) => {
  const reserved = { '10.42.7.2': 'web', '10.42.200.5': 'db' };
  const block = { network: 'corral', subnet: '10.42.0.0/16', cidrs: ['10.42.7.0/24'], gateway: '10.42.7.1' };
  const lab = new Lab(t, { version: 1, bridge: 'corral0', mtu: 1450, ...block, reserved });
  const [web, db, other] = [lab.container(), lab.container(), lab.container()];
  const named = (name: string): object => ({ ...config, args: { corral: { name, engine: 'docker' } } });
  const addressOf = async (container: typeof web, name: string): Promise<string> => {
    const run = await lab.cni('ADD', container, { config: named(name) });
    t.equal(run.code, 0, run.stdout);
    return JSON.parse(run.stdout).ips[0].address;
  };
  t.equal(await addressOf(other, 'other'), '10.42.7.3/24');
  t.equal(await addressOf(web, 'web'), '10.42.7.2/24');
  const server = await serveClaims(t, lab.paths);
  t.equal(await addressOf(db, 'db'), '10.42.200.5/32', 'outside the block');
  t.same([...server.claims], [['10.42.200.5', `${db.id}-eth0`]], 'where other hosts give addresses too');
  t.ok(lab.pings(db, '10.42.7.2'), 'by the gateway on the link');
  t.ok(lab.pings(web, '10.42.200.5'));
  const second = await lab.cni('ADD', lab.container(), { config: named('web') });
  t.match(JSON.parse(second.stdout), { code: 102, msg: new RegExp(web.id) });
});
