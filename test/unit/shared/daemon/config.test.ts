import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig, parseConfig, variablePaths } from '../../../../daemons/shared/daemon/config.ts';
import { renderError } from '../../../../daemons/shared/model/errors.ts';

const path = '/etc/corral/corral.yaml';
const parse = (text: string, environment: Record<string, string> = {}) => parseConfig(text, environment, path);

t.test('nothing given is the default of everything', async (t) => {
  for (const text of ['', '# a comment\n', '{}\n', 'dns:\n']) {
    const config = text === 'dns:\n' ? undefined : parse(text);
    if (config) t.equal(config.dns.zone, 'rancher.internal');
  }
  const config = parse('');
  t.equal(config.networks.length, 1);
  t.match(config.networks[0], { name: 'corral', subnet: '10.42.0.0/16', block: 24, default: true, mtu: 'auto' });
  t.same(config.engines, [{ kind: 'docker', socket: '/var/run/docker.sock' }]);
});

t.test('the file, then the environment', async (t) => {
  const text = 'dns: { ttl: 5, zone: a.b }\nhost: { name: n1 }\n';
  const config = parse(text, { CORRAL_DNS_TTL: '7', CORRAL_ENGINES: '[]', CORRAL_ROOT: '/x', PATH: '/bin' });
  t.match(config.dns, { ttl: 7, zone: 'a.b' });
  t.same(config.engines, []);
  t.equal(config.host.name, 'n1');
  t.match(parse('', { CORRAL_HOST_AGENT_IP: '192.0.2.1' }).host, { agentIp: '192.0.2.1' });
  t.match(parse('', { CORRAL_HOST_LABELS: '{ zone: a }' }).host.labels, { zone: 'a' });
  t.match(parse('', { CORRAL_LAUNCHER: 'none' }), { launcher: 'none' });
  t.equal(parse('dns: 5', { CORRAL_DNS_TTL: '7' }).dns.ttl, 7, 'a section that is no map gives way');
});

t.test('the only network is the default one', async (t) => {
  t.equal(parse('networks: [ { name: a } ]').networks[0]?.default, true);
});

t.test('each fault is one line with its place and remedy', async (t) => {
  const cases: readonly [string, string, Record<string, string>?][] = [
    [
      'dns: { tll: 5 }',
      'CONFIG_UNKNOWN_KEY: read /etc/corral/corral.yaml: unknown key dns.tll. did you mean ttl? Known here: zone, ttl, upstreams, ',
    ],
    ['netwroks: []', 'CONFIG_UNKNOWN_KEY: read /etc/corral/corral.yaml: unknown key netwroks. did you mean networks?'],
    ['networks: [ { name: a, subnett: b } ]', 'unknown key networks.0.subnett. did you mean subnet?'],
    ['engines: [ { kind: docker, sokcet: /x } ]', 'unknown key engines.0.sokcet. did you mean socket?'],
    ['dns: { ttl: -1 }', 'CONFIG_INVALID: read /etc/corral/corral.yaml: dns.ttl: '],
    ['dns: { upstreams: [ 8.8.8.8:x ] }', 'dns.upstreams'],
    ['networks: [ { name: a, subnet: 10.1.0.1/16 } ]', 'networks.0.subnet: not an IPv4 range such as 10.42.0.0/16'],
    ['networks: [ { name: a, block: 8 } ]', 'networks.0.block: '],
    [
      'networks: [ { name: a, subnet: 10.1.0.0/25, block: 24 } ]',
      'networks: a: block /24 is larger than 10.1.0.0/25. choose a longer block',
    ],
    [
      'networks: [ { name: a, default: true }, { name: a, subnet: 10.43.0.0/16 } ]',
      'networks: two are named a. rename one',
    ],
    [
      'networks: [ { name: a, default: true }, { name: b, subnet: 10.42.8.0/24 } ]',
      'networks: a and b overlap. choose distinct subnets',
    ],
    [
      'networks: [ { name: a }, { name: b, subnet: 10.43.0.0/16 } ]',
      'networks: 0 networks are the default. give exactly one `default: true`',
    ],
    ['networks: []', 'CONFIG_INVALID: read /etc/corral/corral.yaml: networks: '],
    ['networks: [ { name: ../x } ]', 'networks.0.name: not a network name'],
    ['store: { kind: etcd }', 'store: etcd without endpoints'],
    ['store: { endpoints: [http://192.0.2.1:2379] }', 'the kind is sqlite'],
    ['store: { kind: etcd, endpoints: [ftp://192.0.2.1] }', 'not an http or https address'],
    ['store: { kind: etcd, endpoints: [http://192.0.2.1, https://192.0.2.2] }', 'some endpoints are https'],
    ['store: { kind: etcd, endpoints: [http://192.0.2.1], user: u }', 'user and passwordFile go together'],
    ['store: { kind: etcd, endpoints: [http://192.0.2.1], tls: { ca: /a } }', 'the endpoints are http'],
    ['store: { kind: etcd, endpoints: [https://192.0.2.1], tls: { ca: /a, key: /b } }', 'tls.cert and tls.key'],
    ['networks: [{ subnet6: fd42::1/48 }]', 'networks.0.subnet6: not an IPv6 range'],
    ['networks: [{ subnet6: "fd42::/96", block6: 64 }]', 'block6 /64 is larger than fd42::/96'],
    ['launcher: podman', 'the launchers are process, docker and none'],
    ['images: { prefix: Corral }', 'images.prefix: not the beginning of an image name'],
    ['declared: { stacks: [ { nmae: x } ] }', 'unknown key declared.stacks.0.nmae. did you mean name?'],
    ['- a\n', 'CONFIG_INVALID: read /etc/corral/corral.yaml: not a map of keys'],
    ['a: [', 'CONFIG_INVALID: read /etc/corral/corral.yaml: '],
    [
      '',
      'CONFIG_UNKNOWN_KEY: use the environment variable CORRAL_DNS_TLL. did you mean CORRAL_DNS_TTL?',
      { CORRAL_DNS_TLL: '1' },
    ],
    ['', 'CONFIG_INVALID: read the environment variable CORRAL_ENGINES: ', { CORRAL_ENGINES: '[' }],
    ['', 'networks.0.subnet: ', { CORRAL_NETWORKS: '[{ name: a, subnet: x }]' }],
  ];
  for (const [text, line, environment] of cases) {
    try {
      parse(text, environment);
      t.fail(`accepted: ${text}`);
    } catch (error) {
      const rendered = renderError(error);
      t.ok(rendered.includes(line), rendered);
      t.notMatch(rendered, '\n', 'one line');
    }
  }
});

t.test('a hostile file costs little', async (t) => {
  const bomb = `a: &a [x, x]\n${Array.from({ length: 20 }, (_, i) => `b${i}: &b${i} [*${i ? `b${i - 1}` : 'a'}, *${i ? `b${i - 1}` : 'a'}]`).join('\n')}\n`;
  t.throws(() => parse(bomb), { code: 'CONFIG_INVALID' });
  t.throws(() => parse('__proto__: { polluted: true }'), { code: 'CONFIG_UNKNOWN_KEY' });
  t.equal(({} as { polluted?: boolean }).polluted, undefined);
});

t.test('the file may be absent unless it was named', async (t) => {
  const file = join(t.testdir({}), 'corral.yaml');
  t.equal(loadConfig(file, {}).dns.ttl, 1);
  t.equal(loadConfig(file, { CORRAL_CONFIG: '' }).dns.ttl, 1);
  t.throws(() => loadConfig(file, { CORRAL_CONFIG: file }), { code: 'CONFIG_UNREADABLE' });
  t.throws(() => loadConfig(t.testdir({}), {}), { code: 'CONFIG_UNREADABLE' });
  writeFileSync(file, `# ${'x'.repeat(1024 * 1024)}\n`);
  t.throws(() => loadConfig(file, {}), { code: 'CONFIG_INVALID' });
  writeFileSync(file, 'dns: { ttl: 9 }\n');
  t.equal(loadConfig(file, {}).dns.ttl, 9);
});

t.test('every variable sets the key of its name', async (t) => {
  t.same(variablePaths().get('CORRAL_METADATA_TRUST_FORWARDED_FROM'), ['metadata', 'trustForwardedFrom']);
  t.same(variablePaths().get('CORRAL_NETWORKS'), ['networks']);
  t.equal(variablePaths().has('CORRAL_ROOT'), false);
});
