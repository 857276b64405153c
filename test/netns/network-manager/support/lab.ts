// A host with two networks, containers on them and on Docker's bridge, and a neighbour that is also the way to the outside.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { block, network } from '../../../unit/support/snapshots.ts';
import { connect, exec, makeNamespace, type Namespace, type TestScope } from '../../support/namespaces.ts';
import { type RunningKeepers, startKeepers } from './keepers.ts';

export const objects = [
  network('corral', '10.42.0.0/16', { isDefault: true }),
  block('corral', '10.42.7.0/24'),
  network('back', '10.50.0.0/16'),
  block('back', '10.50.1.0/24'),
];

export const service = '169.254.169.250';
export const outsideAddress = '198.51.100.1';

export interface Lab {
  readonly host: Namespace;
  readonly neighbour: Namespace;
  /** 10.42.7.9 and 10.42.7.10 on corral0. */
  readonly one: Namespace;
  readonly two: Namespace;
  /** 10.50.1.9 on corral-back. */
  readonly back: Namespace;
  /** 172.17.0.2 on docker0. */
  readonly docker: Namespace;
  readonly keepers: RunningKeepers;
}

/** @param policies iptables rules of the host's administrator, there before the keepers start */
export async function makeLab(
  t: TestScope,
  policies: readonly string[][] = [],
  options: { env?: Readonly<Record<string, string>>; iptables?: string } = {},
): Promise<Lab> {
  const names = ['host', 'neighbour', 'one', 'two', 'back', 'docker'] as const;
  const spaces = Object.fromEntries(names.map((name) => [name, makeNamespace(t, `r${name.slice(0, 2)}`)]));
  const { host, neighbour, one, two, back, docker } = spaces as Record<(typeof names)[number], Namespace>;
  connect(
    { ns: host, device: 'eth0', address: '192.0.2.1/24' },
    { ns: neighbour, device: 'eth0', address: '192.0.2.2/24' },
  );
  exec(host, 'ip', ['route', 'add', 'default', 'via', '192.0.2.2']);
  exec(host, 'ip', ['address', 'add', `${service}/32`, 'dev', 'lo', 'scope', 'host']);
  exec(neighbour, 'ip', ['address', 'add', `${outsideAddress}/32`, 'dev', 'lo']);
  exec(neighbour, 'ip', ['route', 'add', service, 'via', '192.0.2.1']);
  exec(neighbour, 'ip', ['route', 'add', '10.42.7.0/24', 'via', '192.0.2.1']);
  exec(host, 'ip', ['link', 'add', 'docker0', 'type', 'bridge']);
  exec(host, 'ip', ['address', 'add', '172.17.0.1/16', 'dev', 'docker0']);
  exec(host, 'ip', ['link', 'set', 'docker0', 'up']);
  for (const rule of policies) exec(host, options.iptables ?? 'iptables', rule);
  const keepers = startKeepers(t, host, options.env ? { env: options.env } : {});
  keepers.send(objects);
  await keepers.becomes('ready');
  plug(host, one, 'corral0', 'va', '10.42.7.9/24', '10.42.7.1');
  plug(host, two, 'corral0', 'vb', '10.42.7.10/24', '10.42.7.1');
  plug(host, back, 'corral-back', 'vc', '10.50.1.9/24', '10.50.1.1');
  plug(host, docker, 'docker0', 'vd', '172.17.0.2/16', '172.17.0.1');
  return { host, neighbour, one, two, back, docker, keepers };
}

/** Puts a container on a bridge by hand, as ADD would. */
export function plug(
  host: Namespace,
  ns: Namespace,
  bridge: string,
  veth: string,
  address: string,
  gateway: string,
): void {
  connect({ ns: host, device: veth }, { ns, device: 'eth0', address });
  exec(host, 'ip', ['link', 'set', veth, 'master', bridge]);
  exec(host, 'bridge', ['link', 'set', 'dev', veth, 'hairpin', 'on']); // as ADD does
  exec(ns, 'ip', ['route', 'add', 'default', 'via', gateway]);
}

/** Starts a server that tells each client the address that it sees; returns what ends it. */
export async function serve(t: TestScope, ns: Namespace, address: string, ...ports: number[]): Promise<() => void> {
  const program = new URL('./echo-server.ts', import.meta.url).pathname;
  const command = ['netns', 'exec', ns.name, process.execPath, program, address, ...ports.map(String)];
  const child = spawn('/usr/sbin/ip', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = (): void => void child.kill('SIGKILL');
  t.teardown(stop);
  for (let up = 0; up < ports.length; )
    up += String((await once(child.stdout, 'data'))[0])
      .trim()
      .split('\n').length;
  return stop;
}

/** The address that the server sees, or an error code. */
export function ask(ns: Namespace, protocol: 'udp' | 'tcp', address: string, port: number, count = 1): string {
  const program = new URL('./ask.ts', import.meta.url).pathname;
  return exec(ns, process.execPath, [program, protocol, address, String(port), String(count)]);
}
