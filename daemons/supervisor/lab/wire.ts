// The cables of a lab: a bridge in the switch, a veth pair to each host, and the addresses. Lines for `ip -batch` are pure.
import { run } from '../../shared/effects/command.ts';
import { outside, type PlannedHost, underlay } from './plan-lab.ts';
import { enterNetwork, type Space } from './spaces.ts';

const bridge = 'lan';
const uplink = 'eth0';
/** bridge(8): a port that is disabled passes nothing, and neither end notices. */
const portState = { cut: '0', whole: '3' } as const;

export function switchLines(): string[] {
  return [
    `link add ${bridge} type bridge stp_state 0 forward_delay 0`,
    `address add ${underlay.router}/${underlay.prefix} dev ${bridge}`,
    `address add ${underlay.router6}/${underlay.prefix6} dev ${bridge} nodad`,
    `address add ${outside.address}/32 dev lo`,
    `address add ${outside.address6}/128 dev lo nodad`,
    `link set ${bridge} up`,
  ];
}

/** @param init process 1 of the host */
export function cableLines(host: PlannedHost, init: number): string[] {
  return [
    `link add ${host.name} type veth peer name ${uplink} netns ${init}`,
    `link set ${host.name} master ${bridge} up`,
  ];
}

export function uplinkLines(host: PlannedHost): string[] {
  return [
    `address add ${host.address}/${underlay.prefix} dev ${uplink}`,
    `address add ${host.address6}/${underlay.prefix6} dev ${uplink} nodad`,
    `link set ${uplink} up`,
    `route add default via ${underlay.router}`,
    `route add ::/0 via ${underlay.router6}`,
  ];
}

export async function wireSwitch(space: Space): Promise<void> {
  await batch(space, switchLines());
}

export async function wireHost(host: PlannedHost, space: Space, toSwitch: Space): Promise<void> {
  await batch(toSwitch, cableLines(host, space.init));
  await batch(space, uplinkLines(host));
}

/** Cuts the host's cable at the switch, or mends it. */
export async function setCable(host: PlannedHost, toSwitch: Space, state: keyof typeof portState): Promise<void> {
  await inNetwork(toSwitch, ['bridge', 'link', 'set', 'dev', host.name, 'state', portState[state]]);
}

/** Names of the hosts whose cables are cut. */
export async function cutCables(toSwitch: Space): Promise<Set<string>> {
  const text = await inNetwork(toSwitch, ['bridge', '-j', 'link', 'show']);
  const ports = JSON.parse(text || '[]') as { ifname: string; state?: string }[];
  return new Set(ports.filter(({ state }) => state === 'disabled').map(({ ifname }) => ifname));
}

async function batch(space: Space, lines: readonly string[]): Promise<void> {
  await inNetwork(space, ['ip', '-batch', '-'], `${lines.join('\n')}\n`);
}

async function inNetwork(space: Space, command: readonly string[], input?: string): Promise<string> {
  const [program = '', ...words] = [...enterNetwork(space), ...command];
  return (await run(program, words, input === undefined ? {} : { input })).stdout;
}
