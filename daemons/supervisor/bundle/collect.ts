// Everything that somebody who helps from afar wants to see, as it is on this host, secrets included: nothing of it leaves this
// folder's functions before redact.ts has been over it. What cannot be had is an entry that says why.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../shared/daemon/version.ts';
import { run } from '../../shared/effects/command.ts';
import { listFiles, readText } from '../../shared/effects/files.ts';
import { renderError } from '../../shared/model/errors.ts';
import { type DaemonName, daemonNames, daemonSocket, type Paths } from '../../shared/model/paths.ts';
import { callRaw } from '../../shared/source/call.ts';
import { logNames, textFromEnd } from '../logs/read-back.ts';

export interface Item {
  readonly path: string;
  readonly kind: 'json' | 'lines' | 'text';
  readonly text: string;
}

const answerMs = 5_000;
const commandMs = 10_000;
const mostCommandBytes = 8 << 20;
const logBytes = 2 << 20;

const questions: readonly (readonly [path: string, daemon: DaemonName, route: string])[] = [
  ['status.json', 'supervisor', '/v1/status'],
  ['events.json', 'supervisor', '/v1/events?limit=1000'],
  ['peers.json', 'overlay', '/v1/peers'],
  ['diff-overlay.json', 'overlay', '/v1/diff'],
  ['diff-network-manager.json', 'network-manager', '/v1/diff'],
  ['attachments.json', 'network-manager', '/v1/attachments'],
  ['store.json', 'metadata', '/v1/store'],
  ['networks.json', 'metadata', '/v1/networks'],
  ['hosts.json', 'metadata', '/v1/hosts'],
  ['metadata.json', 'metadata', '/v1/tree/latest'],
];

/** Keys of tunnels are shown by some of these unless they are told not to. */
const commands: readonly (readonly [path: string, program: string, ...args: string[]])[] = [
  ['versions/kernel.txt', 'uname', '-a'],
  ['versions/iptables.txt', 'iptables', '--version'],
  ['versions/iproute2.txt', 'ip', '-V'],
  ['kernel/links.txt', 'ip', '-details', '-statistics', 'link', 'show'],
  ['kernel/addresses.txt', 'ip', 'address', 'show'],
  ['kernel/rules.txt', 'ip', 'rule', 'show'],
  ['kernel/routes.txt', 'ip', 'route', 'show', 'table', 'all'],
  ['kernel/routes6.txt', 'ip', '-6', 'route', 'show', 'table', 'all'],
  ['kernel/neighbours.txt', 'ip', 'neighbour', 'show'],
  ['kernel/forwarding-entries.txt', 'bridge', 'fdb', 'show'],
  ['kernel/bridge-ports.txt', 'bridge', '-details', 'link', 'show'],
  ['kernel/namespaces.txt', 'ip', 'netns', 'list'],
  ['kernel/xfrm-states.txt', 'ip', 'xfrm', 'state', 'list', 'nokeys'],
  ['kernel/xfrm-policies.txt', 'ip', 'xfrm', 'policy', 'list'],
  ['kernel/iptables.txt', 'iptables-save', '-c'],
  ['kernel/ip6tables.txt', 'ip6tables-save', '-c'],
  ['kernel/nftables.txt', 'nft', 'list', 'ruleset'],
  ['kernel/sysctls.txt', 'sysctl', '-a', '--pattern', '^net\\.(core|ipv4|ipv6\\.conf|netfilter|bridge)'],
  ['kernel/sockets.txt', 'ss', '-lntup'],
  ['kernel/disk.txt', 'df', '-h'],
];

export async function collect(paths: Paths): Promise<Item[]> {
  const parts = await Promise.all([
    ...questions.map(([path, daemon, route]) => answerOf(path, paths, daemon, route)),
    ...daemonNames.map((daemon) => answerOf(`metrics/${daemon}.txt`, paths, daemon, '/metrics')),
    ...commands.map(([path, program, ...args]) => outputOf(path, program, args)),
  ]);
  return [
    ...parts,
    ...logsOf(paths),
    ...cniFiles(paths),
    ...systemFiles(),
    { path: 'versions/corral.txt', kind: 'text', text: `${version}, Node.js ${process.version}\n` },
  ];
}

async function answerOf(path: string, paths: Paths, daemon: DaemonName, route: string): Promise<Item> {
  const kind = path.endsWith('.json') ? 'json' : 'text';
  try {
    const headers = { accept: kind === 'json' ? 'application/json' : 'text/plain' };
    const { status, text } = await callRaw(daemonSocket(paths, daemon), route, { timeoutMs: answerMs, headers });
    return status < 400 ? { path, kind, text } : failed(path, `status ${status}: ${text}`);
  } catch (error) {
    return failed(path, renderError(error));
  }
}

async function outputOf(path: string, program: string, args: readonly string[]): Promise<Item> {
  try {
    // A program that complains of one thing may still have shown the rest.
    const okCodes = [0, 1, 2, 255];
    const { stdout, stderr } = await run(program, args, { timeoutMs: commandMs, maxBytes: mostCommandBytes, okCodes });
    return { path, kind: 'text', text: `# ${[program, ...args].join(' ')}\n${stdout}${stderr}` };
  } catch (error) {
    return failed(path, renderError(error));
  }
}

function failed(path: string, why: string): Item {
  return { path: `${path}.failed`, kind: 'text', text: `${why}\n` };
}

/** charon's lies beside its sockets. */
function logsOf({ logs, run: sockets }: Paths): Item[] {
  return [logs, join(sockets, 'ipsec')].flatMap((folder) =>
    logNames(folder).map((name): Item => {
      return { path: `logs/${name}.log`, kind: 'lines', text: textFromEnd(join(folder, `${name}.log`), logBytes) };
    }),
  );
}

const mostFiles = 100;

/** Configurations of CNI, ours and others', and the folders of other roots' plugins by name. */
function cniFiles({ cniConf, cniBin }: Paths): Item[] {
  const folders = [cniConf, ...listFiles(cniConf).map((name) => join(cniConf, name))];
  const files = folders.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)));
  const items = files
    .filter((path) => /\.(conf|conflist|json)$/.test(path))
    .slice(0, mostFiles)
    .map((path): Item => fileItem(`cni${path.slice(cniConf.length)}`, path, 'json'));
  return [...items, { path: 'cni/plugins.txt', kind: 'text', text: `${namesIn(cniBin).join('\n')}\n` }];
}

function systemFiles(): Item[] {
  return [
    fileItem('versions/system.txt', '/etc/os-release', 'text'),
    fileItem('kernel/resolv.conf', '/etc/resolv.conf', 'text'),
    fileItem('kernel/modules.txt', '/proc/modules', 'text'),
  ];
}

function fileItem(path: string, from: string, kind: Item['kind']): Item {
  try {
    return { path, kind, text: readText(from) };
  } catch (error) {
    return failed(path, renderError(error));
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // none, or a file
  }
}
