import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { PluginList } from '../../../../daemons/network-manager/cni-conf/plugin-lists.ts';
import { outcomeOf } from '../../../../daemons/network-manager/cni-runtime/foreign-lease.ts';
import { callConfig, renderArgs, type Subject } from '../../../../daemons/network-manager/cni-runtime/plugin-call.ts';
import { addLists, dropLists } from '../../../../daemons/network-manager/cni-runtime/run-lists.ts';
import { runPlugin } from '../../../../daemons/network-manager/cni-runtime/run-plugin.ts';
import { hasCode } from '../../../../daemons/shared/model/errors.ts';
import type { TestScope } from '../../../netns/support/namespaces.ts';

const subject: Subject = {
  containerId: 'a'.repeat(64),
  ifname: 'eth0',
  netns: '/proc/4242/ns/net',
  args: { LinkMTUOverhead: '0' },
  corral: {
    containerUuid: 'u-1',
    requestedMac: '02:00:00:00:00:0a',
    requestedIp: '10.42.118.63/16',
    ports: ['0.0.0.0:80:8080/tcp', '192.0.2.1:53:53/udp'],
  },
};

/** A folder of plugins that are scripts; each notes its verb in `log`. */
function plugins(t: TestScope, scripts: Record<string, string>): { path: string[]; log: () => string[] } {
  const dir = mkdtempSync('/tmp/co-pl-');
  t.teardown(() => rmSync(dir, { recursive: true }));
  const log = join(dir, 'log');
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(
      join(dir, name),
      `#!/bin/sh\necho "$CNI_COMMAND ${name}" >> ${log}\ncat > ${dir}/${name}.stdin\n${script}\n`,
    );
    chmodSync(join(dir, name), 0o755);
  }
  return { path: ['/nonexistent', dir], log: () => readFileSync(log, 'utf8').trim().split('\n') };
}

const list = (...types: string[]): PluginList => ({
  name: 'n',
  cniVersion: '1.0.0',
  plugins: types.map((type) => ({ type })),
});
const result = `echo '{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.5/24"}]}'`;

t.test('the arguments that Rancher’s plugins read', async (t) => {
  t.equal(
    renderArgs(subject),
    'IgnoreUnknown=1;DOCKER=true;RancherContainerUUID=u-1;LinkMTUOverhead=0;MACAddress=02:00:00:00:00:0a;IPAddress=10.42.118.63/16',
  );
  const hostile = {
    ...subject,
    args: {},
    corral: { containerUuid: 'u;K8S=x', requestedIp: 'a=b', requestedMac: 'a b' },
  };
  t.equal(renderArgs(hostile), 'IgnoreUnknown=1;DOCKER=true');
});

t.test('what a plugin is given follows from its capabilities', async (t) => {
  const plugin = { type: 'x', capabilities: { portMappings: true, mac: true } };
  t.same(callConfig({ name: 'n', cniVersion: '1.0.0' }, plugin, { ips: [] }, subject), {
    ...plugin,
    name: 'n',
    cniVersion: '1.0.0',
    runtimeConfig: {
      portMappings: [
        { hostPort: 80, containerPort: 8080, protocol: 'tcp' },
        { hostPort: 53, containerPort: 53, protocol: 'udp', hostIP: '192.0.2.1' },
      ],
      mac: '02:00:00:00:00:0a',
    },
    prevResult: { ips: [] },
  });
  t.same(callConfig({ name: 'n', cniVersion: '1.0.0' }, { type: 'x' }, undefined, subject), {
    type: 'x',
    name: 'n',
    cniVersion: '1.0.0',
  });
});

t.test('plugins that are missing, fail, say garbage, say nothing, or never end', async (t) => {
  const { path } = plugins(t, {
    fails: `echo '{"code":7,"msg":"no master","details":"eth9"}'; exit 1`,
    dies: 'echo why >&2; kill -9 $$',
    garbage: 'echo garbage',
    silent: ':',
    hangs: 'sleep 1000 & wait',
    floods: 'yes',
  });
  const call = (type: string) =>
    runPlugin(
      { verb: 'ADD', list: list(type), plugin: { type }, prevResult: undefined, subject },
      { path, timeoutMs: 2_000 },
    ).catch((error: unknown) => error as Error);
  const cases: [string, 'PLUGIN_MISSING' | 'PLUGIN_FAILED', RegExp][] = [
    ['absent', 'PLUGIN_MISSING', /absent in \/nonexistent/],
    ['fails', 'PLUGIN_FAILED', /no master \(eth9\)/],
    ['dies', 'PLUGIN_FAILED', /SIGKILL.*why/],
    ['garbage', 'PLUGIN_FAILED', /"garbage/],
    ['silent', 'PLUGIN_FAILED', /nothing/],
    ['hangs', 'PLUGIN_FAILED', /2000 ms/],
    ['floods', 'PLUGIN_FAILED', /more than/],
  ];
  for (const [type, code, words] of cases) {
    const error = await call(type);
    t.ok(hasCode(error, code), type);
    t.match((error as Error).message, words, type);
  }
});

t.test('ADD hands on, DEL goes backwards over all whatever fails', async (t) => {
  const { path, log } = plugins(t, {
    first: result,
    second: `echo '{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.6/24"}]}'`,
    third: 'if [ $CNI_COMMAND = DEL ]; then exit 1; fi; cat /dev/null; echo "{}"',
  });
  const lists = [list('first', 'second'), list('third')];
  const raw: Record<string, unknown>[] = [];
  await addLists(lists, raw, subject, { path });
  t.same(outcomeOf(raw, { ifname: 'eth0' })?.addresses, ['10.0.0.6/24'], 'the last one with addresses');
  const dir = path[1]!;
  t.match(JSON.parse(readFileSync(join(dir, 'second.stdin'), 'utf8')), {
    prevResult: { ips: [{ address: '10.0.0.5/24' }] },
  });
  await t.rejects(dropLists(lists, raw, subject, { path }), { code: 'PLUGIN_FAILED' });
  t.same(log(), ['ADD first', 'ADD second', 'ADD third', 'DEL third', 'DEL second', 'DEL first']);
  t.match(JSON.parse(readFileSync(join(dir, 'first.stdin'), 'utf8')), {
    prevResult: { ips: [{ address: '10.0.0.6/24' }] },
  });
});

t.test('what the lists came to', async (t) => {
  const raw = {
    interfaces: [{ name: 'cni0' }, { name: 'vethab12' }, { name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/x' }],
    ips: [{ address: '10.0.0.5/24', interface: 2 }],
  };
  t.match(outcomeOf([raw, {}], { ifname: 'eth0' }), {
    addresses: ['10.0.0.5/24'],
    mac: '02:00:00:00:00:01',
    hostVeth: 'vethab12',
  });
  t.match(outcomeOf([{ ip4: { ip: '10.0.0.5/24' } }], { ifname: 'eth0' }), {
    addresses: ['10.0.0.5/24'],
    mac: '',
    hostVeth: null,
  });
  t.equal(outcomeOf([{}], { ifname: 'eth0' }), undefined);
  t.equal(outcomeOf([{ ips: [{ address: '../../x' }] }], { ifname: 'eth0' }), undefined);
});
