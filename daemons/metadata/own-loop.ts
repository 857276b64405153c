// Keeps the own part of the snapshot in step with the configuration, the machine, the store and the cluster: looks again on a
// reload, when addresses of the host change, when the cluster's facts differ, when a container of a network in conflict comes
// or goes, and every half minute.
import type { Config } from '../shared/daemon/config.ts';
import type { Health } from '../shared/daemon/health.ts';
import { type ErrorCode, SuiteError } from '../shared/model/errors.ts';
import { type Cidr4, parseCidr4, renderCidr4 } from '../shared/model/ipv4.ts';
import type { HostObject } from '../shared/model/objects.ts';
import type { Snapshot } from '../shared/model/snapshot.ts';
import { Loop } from '../shared/reconcile/loop.ts';
import type { MemberView } from './cluster/member-view.ts';
import { declaredObjects } from './derive-declared.ts';
import { decideNetworks, type NetworkPlan, planOf } from './derive-networks.ts';
import { ownHost, ownObjects, type UsedNetwork } from './derive-own.ts';
import { hostOfUrl, type Machine, observeMachine } from './observe-host.ts';
import type { State } from './state.ts';
import type { Store } from './store/store.ts';

const everyMs = 30_000;
/** The cluster's facts may differ many times a second while many hosts join; the first few of them are served at once. */
const [quietMs, restMs, burst] = [5, 200, 5];

export interface OwnOptions {
  readonly store: Store;
  readonly state: State;
  readonly health: Health;
  readonly stateDirectory: string;
  /** The configuration as it is now. */
  readonly config: () => Config;
  /** Told of the declared tokens by the uuid of their service. */
  readonly onTokens: (tokens: ReadonlyMap<string, string>) => void;
  /** Undefined on a host of its own. */
  readonly member?: MemberView | undefined;
}

/** Why a network has no block. */
interface Fault {
  readonly code: ErrorCode;
  readonly text: string;
}

export class OwnLoop {
  readonly #options: OwnOptions;
  readonly #loop: Loop;
  #conflicted = false;
  #address: string | null = null;
  #declared: string | undefined;
  #release: (() => void) | undefined;

  constructor(options: OwnOptions) {
    this.#options = options;
    this.#loop = new Loop({
      everyMs,
      quietMs,
      restMs,
      burst,
      pass: () => this.pass(),
      failed: (error) => this.#sayFault(error),
    });
  }

  /** Resolves after the first look, whatever came of it. */
  async start(): Promise<void> {
    this.#release = this.#options.state.onRevision(({ change }) => {
      const containers = change.drop.length > 0 || change.put.some(({ kind }) => kind === 'container');
      if (this.#conflicted && containers) this.#loop.poke();
    });
    await this.pass().catch((error) => this.#sayFault(error));
    this.#loop.poke();
  }

  poke(): void {
    this.#loop.poke();
  }

  async close(): Promise<void> {
    this.#release?.();
    await this.#loop.close();
  }

  /** One look; writes to the store only what differs. */
  async pass(): Promise<void> {
    const { store, state, config, stateDirectory, health, member } = this.#options;
    const file = config().networks.map(planOf);
    const remembered = await store.networks();
    const wanted = member ? member.networks(file) : file;
    const decision = decideNetworks(wanted, remembered, (name) => isAttached(state.snapshot, name));
    for (const name of decision.release) await store.dropNetwork(name);
    const used: UsedNetwork[] = [];
    const faults: Fault[] = [];
    for (const plan of decision.use) {
      if (!samePlan(remembered.get(plan.name), plan) || decision.release.includes(plan.name))
        await store.saveNetwork(plan);
      used.push({ plan, blocks: (await this.#blocksOf(plan, faults)).map(renderCidr4) });
    }
    const towards = config().store.endpoints[0];
    const machine = await observeMachine(stateDirectory, towards === undefined ? undefined : hostOfUrl(towards));
    const own = ownHost(store.identity.hostId, config().host, { ...machine, address: this.#addressOf(machine) });
    member?.setHost(own, file);
    const others = member?.blocks() ?? [];
    const objects = ownObjects(store.identity, this.#hosts(own), used, others);
    state.setOwn([...objects, ...(member?.tunnels() ?? [])]);
    this.#conflicted = decision.refused.length > 0;
    const inUse = { ok: false, degradesOnly: true, code: 'SUBNET_IN_USE', text: decision.refused.join('; ') } as const;
    health.set('networks', this.#conflicted ? inUse : { ok: true, text: 'networks are as configured' });
    this.#sayBlocks(faults);
  }

  /**
   * An address that is gone for a moment is no other one. With another one the connection to the store is dead, which it would not
   * say for seconds.
   */
  #addressOf({ address }: Machine): string | null {
    const before = this.#address;
    this.#address = address ?? before;
    if (before !== null && this.#address !== before) this.#options.member?.moved();
    return this.#address;
  }

  /** This host, the declared ones and the others; what else is declared is handed on if it differs from before. */
  #hosts(own: HostObject): HostObject[] {
    const { store, state, config, health, onTokens, member } = this.#options;
    const { entries, others } = member?.declared(config().declared, own) ?? { entries: config().declared, others: [] };
    const declared = declaredObjects(store.identity, entries, own, others);
    const { hosts, containers, stacks, tokens, leftOut } = declared;
    const text = JSON.stringify([entries, hosts]);
    if (text !== this.#declared) {
      this.#declared = text;
      state.declare({ containers, stacks });
      onTokens(tokens);
    }
    const wrong = { ok: false, degradesOnly: true, code: 'CONFIG_INVALID', text: leftOut.join('; ') } as const;
    health.set('declared', leftOut.length > 0 ? wrong : { ok: true, text: 'all that is declared is in use' });
    const byId = new Map([own, ...others, ...hosts].map((host) => [host.id, host]));
    return [...byId.values()];
  }

  /** None for a flat network, whose addresses are claimed one by one. */
  async #blocksOf(plan: NetworkPlan, faults: Fault[]): Promise<readonly Cidr4[]> {
    if (plan.blocks === 'none') return [];
    const { store } = this.#options;
    try {
      await store.claimBlock(plan.name, parseCidr4(plan.subnet)!, plan.block);
      return await store.blocks(plan.name);
    } catch (error) {
      if (!(error instanceof SuiteError)) throw error;
      faults.push({ code: error.code, text: error.message });
      return [];
    }
  }

  #sayBlocks([first, ...others]: readonly Fault[]): void {
    const { health } = this.#options;
    if (!first) health.set('blocks', { ok: true, text: 'this host has a block of each network' });
    else {
      const text = [first, ...others].map((fault) => fault.text).join('; ');
      health.set('blocks', { ok: false, code: first.code, text });
    }
  }

  #sayFault(error: unknown): void {
    const code = error instanceof SuiteError ? error.code : 'INTERNAL';
    this.#options.health.set('blocks', { ok: false, code, text: (error as Error).message });
  }
}

function isAttached(snapshot: Snapshot, network: string): boolean {
  for (const container of snapshot.all('container')) {
    if (container.network === network && container.hostId === snapshot.hostId) return true;
  }
  return false;
}

function samePlan(a: NetworkPlan | undefined, b: NetworkPlan): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
