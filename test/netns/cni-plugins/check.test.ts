import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Container, config, Lab, skipReason } from './lab.ts';

t.test('CHECK names what was damaged', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const veth = (it: Container): string => `vethr${it.id.slice(0, 10)}`;
  const rows: [string, RegExp, (it: Container) => void][] = [
    ['address', /lost its address/, (it) => void lab.ip(it, 'addr', 'flush', 'dev', 'eth0')],
    ['default route', /lost its route to 0\.0\.0\.0\/0/, (it) => void lab.ip(it, 'route', 'del', 'default')],
    ['MAC', /has MAC 02:00/, (it) => void lab.ip(it, 'link', 'set', 'eth0', 'address', '02:00:00:00:00:01')],
    ['container’s link down', /eth0 is down/, (it) => void lab.ip(it, 'link', 'set', 'eth0', 'down')],
    ['link gone', /there is no vethr/, (it) => void lab.ip(it, 'link', 'del', 'eth0')],
    ['port released', /is not a port/, (it) => void lab.ip('host', 'link', 'set', veth(it), 'nomaster')],
    ['port down', /is down/, (it) => void lab.ip('host', 'link', 'set', veth(it), 'down')],
    [
      'port unlocked',
      /not locked/,
      (it) => void lab.exec('host', 'bridge', 'link', 'set', 'dev', veth(it), 'locked', 'off'),
    ],
    ['alias changed', /belongs to something else/, (it) => void lab.ip('host', 'link', 'set', veth(it), 'alias', 'x')],
    ['lease gone', /no lease/, (it) => rmSync(join(lab.paths.leases, 'corral/attachments', `${it.id}-eth0.json`))],
    [
      'claim gone',
      /is not held by/,
      () => {
        for (const ip of lab.files('addresses')) writeFileSync(join(lab.paths.leases, 'corral/addresses', ip), '');
      },
    ],
    ['namespace gone', /NETNS_GONE|there is no/, (it) => lab.removeContainer(it)],
  ];
  for (const [name, text, damage] of rows) {
    const it = lab.container();
    const prevResult = JSON.parse((await lab.cni('ADD', it)).stdout);
    const conf = { ...config, prevResult };
    t.equal((await lab.cni('CHECK', it, { config: conf })).code, 0, `${name}: sound before`);
    damage(it);
    const run = await lab.cni('CHECK', it, { config: conf });
    t.equal(run.code, 1, name);
    t.match(JSON.parse(run.stdout).msg, text, name);
    await lab.cni('DEL', it);
  }
});

t.test('CHECK compares prevResult with the lease', { skip: skipReason }, async (t) => {
  const lab = new Lab(t);
  const it = lab.container();
  const result = JSON.parse((await lab.cni('ADD', it)).stdout);
  const rows: [object, RegExp][] = [
    [{ ...result, ips: [{ address: '10.42.7.99/24' }] }, /prevResult 10\.42\.7\.99/],
    [{ ...result, interfaces: [] }, /does not name eth0/],
    [{ ...result, interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/x' }] }, /prevResult 02:00/],
  ];
  for (const [prevResult, text] of rows) {
    const run = await lab.cni('CHECK', it, { config: { ...config, prevResult } });
    t.match(JSON.parse(run.stdout).msg, text);
  }
  const none = await lab.cni('CHECK', it);
  t.equal(JSON.parse(none.stdout).code, 7, 'prevResult is needed');
});
