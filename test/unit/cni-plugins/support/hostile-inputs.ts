// Calls as a stranger might make them: sound ones with some parts replaced, removed, repeated or cut. Seeded, so that a
// find can be made again. No absolute path of this machine is among the values, since a configuration may name files.
import type { CniRequest } from '../../../../cni-plugins/library.ts';

export type Random = (below: number) => number;

/** Mulberry32: small, and good enough to wander. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}

const deep = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

const values: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  1.5,
  1e308,
  4294967296,
  65536,
  '',
  ' ',
  '.',
  '..',
  '../../x',
  'a/b',
  'a\u0000b',
  'a\nb',
  '\u202egnp.exe',
  '💥'.repeat(50),
  'x'.repeat(70_000),
  '-rf',
  '$(id)',
  '; reboot',
  '`id`',
  '\'"\\',
  '%n%s',
  '__proto__',
  'constructor',
  'toString',
  '0.0.0.0/0',
  '255.255.255.255/32',
  '10.42.7.1',
  '10.42.7.9/24',
  '10.42.7.300',
  '::/0',
  '::',
  'fd00::9/64',
  'fe80::1%eth0',
  '1:'.repeat(3000),
  '1.'.repeat(3000),
  '/'.repeat(5000),
  '01.02.03.04/08',
  '02:00:00:00:00:0a',
  'ff:ff:ff:ff:ff:ff',
  'true',
  '/16',
  '9.9.9',
  [],
  {},
  [[]],
  [[{}]],
  [null],
  [{ subnet: '0.0.0.0/0' }],
  [[{ subnet: '::/1' }]],
  [[{ subnet: '10.9.0.0/24', rangeStart: '10.9.0.250', rangeEnd: '10.9.0.1' }]],
  [{ dst: '0.0.0.0/0', gw: '::1' }],
  [{ hostPort: 1, containerPort: 1, protocol: 'tcp\n-j ACCEPT' }],
  Array.from({ length: 2000 }, () => ({ hostPort: 80, containerPort: 80 })),
  'x'.repeat(1_100_000),
  new Array(5000).fill('10.42.7.9'),
  { __proto__: { polluted: true } },
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`k${at}`, 'v'])),
  deep(500),
];

const sound = {
  cniVersion: '1.1.0',
  name: 'corral',
  type: 'corral-bridge',
  network: 'corral',
  bridge: 'corral0',
  bridgeSubnet: '10.42.0.0/16',
  bridgeIP: '10.42.0.1',
  mtu: 1450,
  linkMTUOverhead: 10,
  hairpinMode: true,
  promiscMode: false,
  isGateway: true,
  isDefaultGateway: true,
  useBridgeIPAsGateway: false,
  skipBridgeConfigureIP: false,
  forceAddress: false,
  macspoofchk: true,
  portIsolation: false,
  enabledad: false,
  vlan: 0,
  vlanTrunk: [],
  logToFile: 'log',
  isDebugLevel: 'true',
  dns: { nameservers: ['192.0.2.1'], search: ['x.y'], options: ['ndots:1'], domain: 'x.y' },
  ipam: {
    type: 'corral-ipam',
    subnet: '10.9.0.0/24',
    rangeStart: '10.9.0.10',
    rangeEnd: '10.9.0.20',
    gateway: '10.9.0.1',
    ranges: [[{ subnet: 'fd09::/64' }]],
    routes: [{ dst: '0.0.0.0/0', gw: '10.9.0.1' }],
    subnetPrefixSize: '/16',
    dataDir: 'x',
  },
  runtimeConfig: {
    ips: ['10.9.0.12', 'fd09::5'],
    mac: '02:00:00:00:00:0a',
    ipRanges: [],
    portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
    dns: { servers: ['192.0.2.2'] },
    bandwidth: {},
  },
  args: {
    cni: { ips: ['10.9.0.13'], mac: '02:00:00:00:00:0b' },
    corral: {
      name: 'web',
      engine: 'cni',
      labels: { a: 'b' },
      ports: ['80:80'],
      hostname: 'h',
      requestedIp: '10.9.0.14',
    },
  },
  prevResult: {
    cniVersion: '1.1.0',
    interfaces: [{ name: 'eth0' }],
    ips: [{ address: '10.9.0.12/24' }],
    routes: [],
    dns: {},
  },
  'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }],
};

const versions = ['0.1.0', '0.2.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0', '1.1.0', '1.1.0'];
const programs = ['corral-ipam', 'rancher-cni-ipam'];
const networkVerbs = ['ADD', 'ADD', 'DEL', 'CHECK', 'STATUS', 'GC', 'VERSION'];

/** A call of the IPAM plugin, which touches files below its root and nothing else; or ADD of the bridge, which has no namespace. */
export function hostileRequest(random: Random): CniRequest {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]!;
  const config = structuredClone(sound) as Record<string, unknown>;
  config.cniVersion = pick(versions);
  thin(config, random);
  for (let change = random(4); change > 0; change -= 1) mutate(config, random, () => structuredClone(pick(values)));
  const text = JSON.stringify(config);
  const isBridge = random(4) === 0;
  const env: Record<string, string> = {
    CNI_COMMAND: isBridge ? 'ADD' : pick(networkVerbs),
    CNI_CONTAINERID: `c${random(40)}`,
    CNI_IFNAME: pick(['eth0', 'eth0', 'net1']),
    CNI_NETNS: '/nonexistent/netns',
    CNI_PATH: '/nonexistent/bin',
    CNI_ARGS: pick(['', 'IgnoreUnknown=1;A=b', 'IP=10.42.7.9', 'IPAddress=10.42.7.8/16;MACAddress=02:00:00:00:00:0c']),
  };
  if (random(3) === 0) env[pick(Object.keys(env).slice(1))] = String(pick(values)).slice(0, 70_000);
  return { program: isBridge ? 'corral-bridge' : pick(programs), env, stdin: cut(text, random) };
}

/** A value as text, some of its members replaced or removed, or the text itself damaged. */
export function damaged(value: unknown, random: Random): string {
  const copy = structuredClone({ value }) as Record<string, unknown>;
  for (let change = random(3); change >= 0; change -= 1) {
    mutate(copy, random, () => structuredClone(values[random(values.length)]));
  }
  return cut(JSON.stringify(copy.value) ?? '', random);
}

/** Leaves some keys out, so that what depends on their absence is met too. */
function thin(config: Record<string, unknown>, random: Random): void {
  for (const key of Object.keys(config)) {
    if (!['cniVersion', 'name', 'type'].includes(key) && random(2) === 0) delete config[key];
  }
  if (random(2) === 0) config.ipam = { type: 'corral-ipam' };
  if (random(2) === 0) delete (config.runtimeConfig as Record<string, unknown> | undefined)?.ips;
}

/** Replaces or removes one member, at any depth. */
function mutate(target: Record<string, unknown>, random: Random, value: () => unknown): void {
  let at = target;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys[random(keys.length)];
    if (key === undefined) return;
    const inner = at[key];
    if (typeof inner === 'object' && inner !== null && random(3) > 0) {
      at = inner as Record<string, unknown>;
      continue;
    }
    if (random(6) === 0) delete at[key];
    else at[key] = value();
    return;
  }
}

/** Now and then the text itself is damaged. */
function cut(text: string, random: Random): string {
  const at = random(text.length + 1);
  const damages: (() => string)[] = [
    () => text.slice(0, at),
    () => text.slice(0, at) + String.fromCharCode(random(0x3000)) + text.slice(at + 1),
    () => text + text,
    () => `\ufeff${text}`,
    () => '',
  ];
  return random(8) === 0 ? damages[random(damages.length)]!() : text;
}
