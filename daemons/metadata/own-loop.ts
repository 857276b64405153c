// Keeps the own part of the snapshot in step with the configuration, the machine and the store: looks again on a reload, when
// a container of a network in conflict comes or goes, and every half minute.
import type { Config } from '../shared/daemon/config.ts';
import type { Health } from '../shared/daemon/health.ts';
import { SuiteError } from '../shared/model/errors.ts';
import { parseCidr4, renderCidr4 } from '../shared/model/ipv4.ts';
import type { HostObject } from '../shared/model/objects.ts';
import type { Snapshot } from '../shared/model/snapshot.ts';
import { Loop } from '../shared/reconcile/loop.ts';
import { declaredObjects } from './derive-declared.ts';
import { decideNetworks, type NetworkPlan } from './derive-networks.ts';
import { ownHost, ownObjects, type UsedNetwork } from './derive-own.ts';
import { observeMachine } from './observe-host.ts';
import type { State } from './state.ts';
import type { Store } from './store/store.ts';

const everyMs = 30_000;

export interface OwnOptions {
  readonly store: Store;
  readonly state: State;
  readonly health: Health;
  readonly stateDirectory: string;
  /** The configuration as it is now. */
  readonly config: () => Config;
  /** Told of the declared tokens by the uuid of their service. */
  readonly onTokens: (tokens: ReadonlyMap<string, string>) => void;
}

export class OwnLoop {
  readonly #options: OwnOptions;
  readonly #loop: Loop;
  #conflicted = false;
  #declared: string | undefined;
  #release: (() => void) | undefined;

  constructor(options: OwnOptions) {
    this.#options = options;
    this.#loop = new Loop({ everyMs, quietMs: 50, pass: () => this.pass(), failed: (error) => this.#sayFault(error) });
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
    const { store, state, config, stateDirectory, health } = this.#options;
    const remembered = await store.networks();
    const decision = decideNetworks(config().networks, remembered, (name) => isAttached(state.snapshot, name));
    for (const name of decision.release) await store.dropNetwork(name);
    const used: UsedNetwork[] = [];
    const faults: string[] = [];
    for (const plan of decision.use) {
      if (!samePlan(remembered.get(plan.name), plan) || decision.release.includes(plan.name))
        await store.saveNetwork(plan);
      used.push({ plan, block: await this.#blockOf(plan, faults) });
    }
    const own = ownHost(store.identity.hostId, config().host, await observeMachine(stateDirectory));
    state.setOwn(ownObjects(store.identity, this.#hosts(own), used));
    this.#conflicted = decision.refused.length > 0;
    const inUse = { ok: false, degradesOnly: true, code: 'SUBNET_IN_USE', text: decision.refused.join('; ') } as const;
    health.set('networks', this.#conflicted ? inUse : { ok: true, text: 'networks are as configured' });
    const noBlock = { ok: false, code: 'NO_BLOCK_LEFT', text: faults.join('; ') } as const;
    health.set('blocks', faults.length > 0 ? noBlock : { ok: true, text: 'this host has a block of each network' });
  }

  /** This host and the declared ones; what else is declared is handed on if it differs from before. */
  #hosts(own: HostObject): HostObject[] {
    const { store, state, config, health, onTokens } = this.#options;
    const declared = declaredObjects(store.identity, config().declared, own);
    const { hosts, containers, stacks, tokens, leftOut } = declared;
    const text = JSON.stringify([config().declared, hosts]);
    if (text !== this.#declared) {
      this.#declared = text;
      state.declare({ containers, stacks });
      onTokens(tokens);
    }
    const wrong = { ok: false, degradesOnly: true, code: 'CONFIG_INVALID', text: leftOut.join('; ') } as const;
    health.set('declared', leftOut.length > 0 ? wrong : { ok: true, text: 'all that is declared is in use' });
    return hosts.some(({ id }) => id === own.id) ? [...hosts] : [own, ...hosts];
  }

  async #blockOf(plan: NetworkPlan, faults: string[]): Promise<string | null> {
    try {
      return renderCidr4(await this.#options.store.claimBlock(plan.name, parseCidr4(plan.subnet)!, plan.block));
    } catch (error) {
      if (!(error instanceof SuiteError) || error.code !== 'NO_BLOCK_LEFT') throw error;
      faults.push(error.message);
      return null;
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
