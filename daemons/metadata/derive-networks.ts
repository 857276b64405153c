// Pure: the networks to serve, from what is wanted (by the configuration, or by the cluster) and from what is in use. What is
// wanted decides, except that a network under attached containers keeps its addresses: changing them would cut those containers off.
import type { NetworkConfig } from '../shared/daemon/config-schema.ts';
import { overlaps, parseCidr4 } from '../shared/model/ipv4.ts';
import { block6Of, bridgeName, isNetworkName, maxVni, parseCidr6, vniOf } from '../shared/model/networks.ts';
import { type BlockObject, type Driver, drivers, type NetworkObject } from '../shared/model/objects.ts';
import { uuidOfName } from '../shared/model/uuid.ts';

/** A network as it is (to be) used; kept in the store. */
export interface NetworkPlan {
  readonly name: string;
  readonly subnet: string;
  readonly block: number;
  readonly driver: Driver;
  readonly isDefault: boolean;
  readonly mtu: number | null;
  readonly hostPorts: boolean;
  readonly blocks?: 'none';
  readonly subnet6?: string;
  readonly block6?: number;
  readonly vni?: number;
  readonly direct?: true;
  readonly cniConfig?: NonNullable<NetworkObject['cniConfig']>;
}

export interface NetworkDecision {
  readonly use: readonly NetworkPlan[];
  /** Names whose kept block belongs to other addresses than now used: give it back before claiming. */
  readonly release: readonly string[];
  /** One sentence for each change that attached containers prevent. */
  readonly refused: readonly string[];
}

/** What to use, given what the store remembers and which networks have containers attached. */
export function decideNetworks(
  plans: readonly NetworkPlan[],
  remembered: ReadonlyMap<string, NetworkPlan>,
  attached: (network: string) => boolean,
): NetworkDecision {
  const wanted = new Map(plans.map((plan) => [plan.name, plan]));
  const refused: string[] = [];
  const kept: NetworkPlan[] = [];
  for (const before of remembered.values()) {
    const want = wanted.get(before.name);
    if ((want && sameAddresses(before, want)) || !attached(before.name)) continue;
    kept.push(want ? { ...want, subnet: before.subnet, block: before.block, isDefault: before.isDefault } : before);
    refused.push(
      `${before.name} keeps ${describe(before)}, not ${want ? describe(want) : 'removed'}: containers are attached`,
    );
  }
  const use = [...kept];
  for (const want of wanted.values()) {
    if (use.some(({ name }) => name === want.name)) continue;
    const inTheWay = kept.find((plan) => overlaps(parseCidr4(plan.subnet)!, parseCidr4(want.subnet)!));
    if (inTheWay) refused.push(`${want.name} waits: ${want.subnet} overlaps ${inTheWay.name}, which is in use`);
    else use.push({ ...want, isDefault: want.isDefault && !kept.some(({ isDefault }) => isDefault) });
  }
  const release = [...remembered.values()].filter((before) => {
    const now = use.find(({ name }) => name === before.name);
    return !now || now.subnet !== before.subnet || now.block !== before.block;
  });
  return { use, release: release.map(({ name }) => name), refused };
}

/** The default network's bridge has a name of its own, so being the default is part of where containers are attached. */
function sameAddresses(a: NetworkPlan, b: NetworkPlan): boolean {
  return a.subnet === b.subnet && a.block === b.block && a.isDefault === b.isDefault;
}

export function planOf(config: NetworkConfig): NetworkPlan {
  return {
    name: config.name,
    subnet: config.subnet,
    block: config.block,
    driver: config.driver,
    isDefault: config.default,
    mtu: config.mtu === 'auto' ? null : config.mtu,
    hostPorts: config.hostPorts,
    ...(config.blocks === 'none' && { blocks: config.blocks }),
    ...(config.subnet6 !== undefined && { subnet6: config.subnet6, block6: config.block6 }),
    ...vniPart(config.name, config.default, config.driver, config.vni),
    ...(config.direct && { direct: true as const }),
    ...(Object.keys(config.cniConfig).length > 0 && { cniConfig: config.cniConfig }),
  };
}

export function withDriver({ vni, ...plan }: NetworkPlan, driver: Driver): NetworkPlan {
  return { ...plan, driver, ...vniPart(plan.name, plan.isDefault, driver, vni) };
}

/** One that was asked for stays with the network whatever its driver is; one that follows from the name is VXLAN's alone. */
function vniPart(name: string, isDefault: boolean, driver: Driver, vni: number | undefined): { vni?: number } {
  const derived = vniOf(name, isDefault);
  return driver === 'vxlan' || (vni !== undefined && vni !== derived) ? { vni: vni ?? derived } : {};
}

function describe(plan: NetworkPlan): string {
  return `${plan.subnet} in blocks of /${plan.block}${plan.isDefault ? ', default' : ''}`;
}

/** A remembered plan from the store's text; undefined if it is none. */
export function parsePlan(text: string): NetworkPlan | undefined {
  try {
    const plan = JSON.parse(text) as NetworkPlan;
    const { name, subnet, block, driver, isDefault, mtu, hostPorts, cniConfig } = plan;
    if (typeof name !== 'string' || !isNetworkName(name) || !drivers.includes(driver)) return undefined;
    const range = typeof subnet === 'string' ? parseCidr4(subnet) : undefined;
    const least = plan.blocks === 'none' ? 8 : Math.max(range?.prefix ?? 0, 8);
    if (!range || !isWhole(block, least, 30)) return undefined;
    return {
      name,
      subnet,
      block,
      driver,
      isDefault: isDefault === true,
      mtu: isWhole(mtu, 576, 65_535) ? mtu : null,
      hostPorts: hostPorts !== false,
      ...laterFields(plan),
      ...(typeof cniConfig === 'object' && cniConfig !== null && { cniConfig }),
    };
  } catch {
    return undefined;
  }
}

/** What plans did not hold from the beginning. */
function laterFields(plan: NetworkPlan): Partial<NetworkPlan> {
  const { name, driver, isDefault, blocks, subnet6, block6, vni, direct } = plan;
  const six = typeof subnet6 === 'string' && parseCidr6(subnet6) !== undefined;
  const known = isWhole(vni, 1, maxVni) ? vni : undefined;
  return {
    ...(blocks === 'none' && { blocks }),
    ...(six && { subnet6, block6: isWhole(block6, 48, 120) ? block6 : 64 }),
    ...vniPart(name, isDefault === true, driver, known),
    ...(direct === true && { direct }),
  } as Partial<NetworkPlan>;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

export function networkObject(clusterId: string, plan: NetworkPlan): NetworkObject {
  return {
    kind: 'network',
    id: uuidOfName(clusterId, `network/${plan.name}`),
    name: plan.name,
    subnet: plan.subnet,
    block: plan.block,
    driver: plan.driver,
    isDefault: plan.isDefault,
    mtu: plan.mtu,
    hostPorts: plan.hostPorts,
    ...(plan.blocks && { blocks: plan.blocks }),
    ...(plan.subnet6 !== undefined && { subnet6: plan.subnet6, block6: plan.block6 ?? 64 }),
    ...(plan.vni !== undefined && { vni: plan.vni }),
    ...(plan.direct && { direct: plan.direct }),
    ...(plan.cniConfig && { cniConfig: plan.cniConfig }),
    bridge: bridgeName(plan.name, plan.isDefault),
  };
}

/** `extra`: a further block of the host, which does not hold the gateway. */
export function blockObject(plan: NetworkPlan, cidr: string, hostId: string, extra = false): BlockObject {
  const cidr6 = plan.subnet6 === undefined ? undefined : six(plan, cidr);
  return {
    kind: 'block',
    id: `${plan.name}/${cidr}`,
    network: plan.name,
    cidr,
    ...(cidr6 && { cidr6 }),
    hostId,
    ...(extra && { extra }),
  };
}

function six({ subnet, subnet6, block6 = 64 }: NetworkPlan, cidr: string): string | undefined {
  return block6Of(parseCidr4(subnet)!, parseCidr4(cidr)!, parseCidr6(subnet6!)!, block6);
}
