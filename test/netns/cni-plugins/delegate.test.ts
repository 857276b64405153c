import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Container, config, Lab, type Run, skipReason } from './lab.ts';

const hostLocal = '/usr/lib/cni/host-local';
const skip = skipReason || (existsSync(hostLocal) ? false : `${hostLocal} is not installed`);

/** A host with an IPAM plugin of the test's own, a shell script that notes each call. */
function withScript(t: Test, body: string): { lab: Lab; calls: () => string[]; cni: Cni } {
  const lab = new Lab(t, null);
  const dir = join(lab.root, 'bin');
  mkdirSync(dir);
  const program = join(dir, 'script-ipam');
  writeFileSync(program, `#!/bin/sh\necho "$CNI_COMMAND" >> ${lab.root}/calls\n${body}\n`);
  chmodSync(program, 0o755);
  const conf = { ...config, bridge: 'cni9', ipam: { type: 'script-ipam' } };
  const cni: Cni = (verb, it, more = {}) =>
    lab.cni(verb, it, { config: { ...conf, ...more }, env: { CNI_PATH: `/nowhere:${dir}` } });
  const calls = (): string[] => {
    const path = join(lab.root, 'calls');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  };
  return { lab, calls, cni };
}
type Cni = (verb: string, it: Container, more?: object) => Promise<Run>;

t.test('corral-bridge with host-local', { skip }, async (t) => {
  const lab = new Lab(t, null);
  const dataDir = join(lab.root, 'networks');
  const ranges = [[{ subnet: '10.9.0.0/24' }], [{ subnet: 'fd09::/64' }]];
  const routes = [{ dst: '192.0.2.0/24' }];
  const conf = {
    ...config,
    cniVersion: '1.0.0',
    bridge: 'cni9',
    ipam: { type: 'host-local', ranges, routes, dataDir },
  };
  const [one, two] = [lab.container(), lab.container()];
  const results = [];
  for (const container of [one, two]) {
    const run = await lab.cni('ADD', container, { config: conf });
    t.equal(run.code, 0, run.stdout);
    results.push(JSON.parse(run.stdout));
  }
  t.same(results[0].ips, [
    { address: '10.9.0.2/24', gateway: '10.9.0.1', interface: 2 },
    { address: 'fd09::2/64', gateway: 'fd09::1', interface: 2 },
  ]);
  for (const address of ['10.9.0.3', 'fd09::3', '10.9.0.1', 'fd09::1']) t.ok(lab.pings(one, address), address);
  t.match(lab.ip(one, 'route'), /default via 10\.9\.0\.1[\s\S]*192\.0\.2\.0\/24 via 10\.9\.0\.1/);
  const checked = await lab.cni('CHECK', one, { config: { ...conf, prevResult: results[0] } });
  t.equal(checked.code, 0, checked.stdout);
  t.equal(readdirSync(join(dataDir, 'corral')).filter((name) => /^[\d.]+$/.test(name)).length, 2);
  for (const container of [one, two]) t.equal((await lab.cni('DEL', container, { config: conf })).code, 0);
  t.same(
    readdirSync(join(dataDir, 'corral')).filter((name) => /^([\d.]+|fd.*)$/.test(name)),
    [],
  );
  t.same(lab.traces(), []);
});

t.test('a killed ADD, and a host-local that lost its memory', { skip }, async (t) => {
  const lab = new Lab(t, null);
  const conf = {
    ...config,
    cniVersion: '1.0.0',
    bridge: 'cni9',
    ipam: { type: 'host-local', subnet: '10.9.0.0/24', dataDir: join(lab.root, 'networks') },
  };
  for (const killAfter of ['reserve', 'pair', 'record']) {
    const it = lab.container();
    await lab.library({ requests: [{ env: lab.env('ADD', it), stdin: JSON.stringify(conf) }], killAfter });
    if (killAfter !== 'record') {
      const again = await lab.cni('ADD', it, { config: conf });
      t.equal(again.code, 0, `${killAfter}: ${again.stdout}`);
    }
    t.equal((await lab.cni('DEL', it, { config: conf })).code, 0);
    t.same(lab.traces(), [], killAfter);
  }
  const kept = lab.container();
  await lab.cni('ADD', kept, { config: conf });
  await lab.run(['rm', '-r', join(lab.root, 'networks')]);
  const other = lab.container();
  const twice = [await lab.cni('ADD', other, { config: conf })];
  for (let at = 0; at < 8 && twice.at(-1)?.code === 0; at += 1) {
    twice.push(await lab.cni('ADD', lab.container(), { config: conf }));
  }
  t.match(JSON.parse(twice.at(-1)!.stdout), { code: 11, msg: new RegExp(`container ${kept.id} .* has it`) });
});

const answer =
  '{"cniVersion":"1.1.0","ips":[{"address":"10.9.0.5/24"}],"routes":[{"dst":"0.0.0.0/0"}],"dns":{"domain":"x"}}';

t.test('a gateway that the other plugin leaves out is the subnet’s first', { skip: skipReason }, async (t) => {
  const { lab, calls, cni } = withScript(t, `cat > ${'$'}0.in; [ $CNI_COMMAND = ADD ] && echo '${answer}'; exit 0`);
  const it = lab.container();
  const result = JSON.parse((await cni('ADD', it, { prevResult: { cniVersion: '1.1.0' } })).stdout);
  t.match(result, { ips: [{ address: '10.9.0.5/24', gateway: '10.9.0.1' }], dns: { domain: 'x' } });
  t.match(JSON.parse(readFileSync(join(lab.root, 'bin/script-ipam.in'), 'utf8')), { prevResult: {}, bridge: 'cni9' });
  t.equal((await cni('STATUS', it)).code, 0);
  t.equal((await cni('GC', it, { 'cni.dev/valid-attachments': [] })).code, 0);
  t.same(lab.traces(), []);
  t.equal((await cni('DEL', it)).code, 0);
  t.same(calls(), ['ADD', 'STATUS', 'GC', 'DEL'], 'each verb is passed on');
});

t.test('after a failing ADD the other plugin hears DEL, and nothing is left', { skip: skipReason }, async (t) => {
  const rows: [string, string, RegExp, number][] = [
    ['its own error', `echo '{"code":77,"msg":"no more"}'; exit 1`, /script-ipam: no more/, 77],
    ['garbage', 'echo garbage', /no result/, 100],
    ['nothing', ':', /no result/, 100],
    ['no address', `echo '{"cniVersion":"1.1.0"}'`, /gave no address/, 100],
    ['a wrong address', `echo '{"ips":[{"address":"10.9.0.500/24"}]}'`, /10\.9\.0\.500/, 100],
    ['a wrong route', `echo '{"ips":[{"address":"10.9.0.5/24"}],"routes":[{"dst":"x"}]}'`, /gave "x"/, 100],
    ['a failure without words', 'echo why >&2; exit 3', /ended with 3/, 100],
    ['killed', 'kill -9 $$', /killed by SIGKILL/, 100],
    ['too much', 'yes', /more than 1048576 bytes/, 100],
    ['does not read', 'exec <&-; exit 4', /ended with 4/, 100],
  ];
  for (const [name, body, text, code] of rows) {
    const { lab, calls, cni } = withScript(t, `[ $CNI_COMMAND = DEL ] && exit 0\n${body}`);
    const it = lab.container();
    const run = await cni('ADD', it);
    const reply = JSON.parse(run.stdout);
    t.equal(reply.code, code, name);
    t.match(`${reply.msg} ${reply.details}`, text, name);
    t.same(calls(), ['ADD', 'DEL'], name);
    t.same(lab.traces(), [], name);
  }
});

t.test('a DEL that the other plugin refuses fails, and succeeds the next time', { skip: skipReason }, async (t) => {
  const body = `[ $CNI_COMMAND = ADD ] && echo '${answer}' && exit 0; [ -e $0.ok ] || { echo '{"code":5,"msg":"disk"}'; exit 1; }`;
  const { lab, cni } = withScript(t, body);
  const it = lab.container();
  t.equal((await cni('ADD', it)).code, 0);
  t.match(JSON.parse((await cni('DEL', it)).stdout), { code: 5, msg: 'script-ipam: disk' });
  t.same(lab.traces(), [], 'our own part is gone all the same');
  writeFileSync(join(lab.root, 'bin/script-ipam.ok'), '');
  t.equal((await cni('DEL', it)).code, 0);
});

t.test('a DEL without the runtime’s CNI_PATH finds the plugin by the lease', { skip: skipReason }, async (t) => {
  const { lab, calls, cni } = withScript(t, `[ $CNI_COMMAND = ADD ] && echo '${answer}'; exit 0`);
  const it = lab.container();
  t.equal((await cni('ADD', it)).code, 0);
  const conf = { ...config, bridge: 'cni9', ipam: { type: 'script-ipam' } };
  t.equal((await lab.cni('DEL', it, { config: conf, env: { CNI_PATH: '/' } })).code, 0);
  t.same(calls(), ['ADD', 'DEL']);
});
