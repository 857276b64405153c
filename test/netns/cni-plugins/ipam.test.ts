import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { until } from '../support/namespaces.ts';
import { config, Lab, skipReason } from './lab.ts';

const reference = '/usr/lib/cni/bridge';
const ipamProgram = fileURLToPath(new URL('../../../dist/cni/corral-ipam', import.meta.url));

t.test('corral-ipam on its own gives an address and frees it', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const it = lab.container();
  const conf = { ...config, type: 'someone-elses', cniVersion: '1.0.0' };
  const options = { program: ipamProgram, config: conf };
  const added = await lab.cni('ADD', it, options);
  t.strictSame(JSON.parse(added.stdout), {
    cniVersion: '1.0.0',
    ips: [{ address: '10.42.7.2/24', gateway: '10.42.7.1' }],
    routes: [{ dst: '0.0.0.0/0', gw: '10.42.7.1' }],
    dns: {},
  });
  t.equal((await lab.cni('ADD', it, options)).stdout, added.stdout, 'a second ADD gets the same address');
  const checked = await lab.cni('CHECK', it, {
    program: ipamProgram,
    config: { ...conf, prevResult: JSON.parse(added.stdout) },
  });
  t.equal(checked.code, 0, checked.stdout);
  t.notMatch(lab.ip('host', 'link'), /corral0|vethr/, 'nothing in the kernel');
  t.equal((await lab.cni('DEL', it, options)).code, 0);
  t.same(lab.traces(), []);
});

const skip = skipReason || (existsSync(reference) ? false : `${reference} is not installed`);
t.test('the reference bridge with ranges of both families from corral-ipam', { skip }, async (t) => {
  const lab = new Lab(t, null);
  const [one, two] = [lab.container(), lab.container()];
  const ranges = [[{ subnet: '10.9.0.0/24' }], [{ subnet: 'fd09::/64' }]];
  const ipam = { type: 'corral-ipam', ranges, routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }] };
  const conf = { ...config, cniVersion: '0.4.0', type: 'bridge', bridge: 'cni0', isGateway: true, ipam };
  const options = { program: reference, config: conf };
  for (const container of [one, two]) {
    const run = await lab.cni('ADD', container, options);
    t.equal(run.code, 0, run.stdout);
    const checked = await lab.cni('CHECK', container, {
      ...options,
      config: { ...conf, prevResult: JSON.parse(run.stdout) },
    });
    t.equal(checked.code, 0, checked.stdout);
  }
  for (const address of ['10.9.0.3', '10.9.0.1', 'fd09::3', 'fd09::1']) {
    // The reference plugin's bridge looks for duplicates of its address first.
    t.ok(await until(5_000, `${address} answers`, () => lab.pings(one, address)), address);
  }
  for (const container of [one, two]) t.equal((await lab.cni('DEL', container, options)).code, 0);
  t.same(lab.files('addresses'), []);
});

t.test('the reference bridge with corral-ipam', { skip }, async (t) => {
  const lab = new Lab(t);
  const [one, two] = [lab.container(), lab.container()];
  const conf = { ...config, cniVersion: '1.0.0', type: 'bridge', bridge: 'cni0', isDefaultGateway: true };
  const options = { program: reference, config: conf };
  for (const container of [one, two]) {
    const run = await lab.cni('ADD', container, options);
    t.equal(run.code, 0, run.stdout);
  }
  t.ok(lab.pings(one, '10.42.7.3'));
  t.ok(lab.pings(one, '10.42.7.1'));
  t.equal(lab.files('attachments').length, 2);
  for (const container of [one, two]) t.equal((await lab.cni('DEL', container, options)).code, 0);
  t.same(lab.files('attachments'), []);
  t.same(lab.files('addresses'), []);
});
