// Attaches containers to networks that plugins of others make. The lease is written before the first plugin runs, with the
// lists that it will be made by, so that whatever a killed daemon leaves can be taken down.
import { LeaseFiles } from '../../../cni-plugins/ipam/lease-files.ts';
import type { Attached, AttachmentRef, Lease } from '../../../cni-plugins/library.ts';
import { leaseIps } from '../../../cni-plugins/library.ts';
import { attachmentOf, corralArgsOf } from '../../../cni-plugins/shared/corral-args.ts';
import type { JsonObject } from '../../../cni-plugins/shared/json.ts';
import { emptyResult } from '../../../cni-plugins/shared/result.ts';
import { isHomeNetns, type Netns, openNetns } from '../../shared/effects/netns.ts';
import { hasCode, SuiteError } from '../../shared/model/errors.ts';
import type { Paths } from '../../shared/model/paths.ts';
import type { PluginList } from '../cni-conf/plugin-lists.ts';
import { asForeign, foreignConfig, outcomeOf } from './foreign-lease.ts';
import { publishesPorts, type Subject } from './plugin-call.ts';
import { addLists, dropLists } from './run-lists.ts';
import type { PluginSettings } from './run-plugin.ts';

export interface ForeignOptions {
  readonly paths: Pick<Paths, 'leases'>;
  readonly bootId: string;
  readonly settings: PluginSettings;
  /** Told of each lease that was written or removed. */
  readonly onLease: (lease: Lease) => Promise<void>;
}

/** The lists of a network, or why it has none. */
export type ForeignNetwork = { readonly lists: readonly PluginList[] } | { readonly fault: string };

export class ForeignCni {
  readonly #options: ForeignOptions;
  #networks: ReadonlyMap<string, ForeignNetwork> = new Map();

  constructor(options: ForeignOptions) {
    this.#options = options;
  }

  setNetworks(networks: ReadonlyMap<string, ForeignNetwork>): void {
    this.#networks = networks;
  }

  makes(network: string): boolean {
    return this.#networks.has(network);
  }

  /** @throws SuiteError PLUGIN_MISSING, PLUGIN_FAILED, CONFIG_INVALID, ADDRESS_TAKEN; then nothing of it is left. */
  async add(ref: AttachmentRef): Promise<Attached> {
    const network = String(ref.config.name);
    const lists = this.#listsOf(network);
    const netns = openForeign(ref);
    try {
      const files = this.#files(network);
      const before = files.read(ownerOf(ref));
      // Left by an ADD that was killed, or by an earlier run: what its plugins say of it now is of no use.
      if (before) await this.#takeDown(files, before, ref).catch(() => files.remove(before));
      const begun = this.#begin(ref, network, lists, netns.inode);
      files.write(begun);
      const lease = await this.#run(files, begun, lists, ref);
      await this.#options.onLease(lease);
      return { lease, result: lease.result };
    } finally {
      netns.close();
    }
  }

  /** By the lists of the lease, not by today's. Nothing there is success. */
  async del(ref: AttachmentRef): Promise<Lease | undefined> {
    const files = this.#files(String(ref.config.name));
    const lease = files.read(ownerOf(ref));
    if (!lease) return undefined;
    await this.#takeDown(files, lease, ref);
    await this.#options.onLease(lease);
    return lease;
  }

  #listsOf(network: string): readonly PluginList[] {
    const found = this.#networks.get(network);
    if (found && 'lists' in found) return found.lists;
    const hint = 'correct cniConfig of the network';
    throw new SuiteError('CONFIG_INVALID', `attach to ${network}: ${found?.fault ?? 'it has no plugins'}`, { hint });
  }

  async #run(files: LeaseFiles, begun: Lease, lists: readonly PluginList[], ref: AttachmentRef): Promise<Lease> {
    const subject = subjectOf(begun, begun.netnsPath);
    const raw: JsonObject[] = [];
    let lease = begun;
    try {
      await addLists(lists, raw, subject, this.#options.settings);
      const outcome = outcomeOf(raw, { ifname: begun.ifname });
      if (!outcome) throw new SuiteError('PLUGIN_FAILED', `attach ${begun.containerId}: no plugin gave an address`);
      lease = { ...begun, ...outcome, config: foreignConfig(ref.config, lists, raw) };
      files.write(lease);
      claim(files, lease);
      const done: Lease = { ...lease, phase: 'done' };
      files.write(done);
      return done;
    } catch (error) {
      // The reason that counts is ADD's.
      await dropLists(lists, raw, subject, this.#options.settings).catch(() => undefined);
      files.remove(lease);
      throw error;
    }
  }

  /** The namespace is handed over by our own descriptor: the lease's path may lead elsewhere by now. */
  async #takeDown(files: LeaseFiles, lease: Lease, ref: AttachmentRef): Promise<void> {
    const config = asForeign(lease.config);
    const netns = openIfSame(lease, ref);
    try {
      const path = netns ? `/proc/${process.pid}/fd/${netns.fd}` : '';
      if (config) await dropLists(config.lists, config.lastResults, subjectOf(lease, path), this.#options.settings);
    } catch (error) {
      // A plugin that was removed can take nothing down any more; with the namespace its links went.
      if (netns || !hasCode(error, 'PLUGIN_MISSING')) throw error;
    } finally {
      netns?.close();
    }
    files.remove(lease);
  }

  #begin(ref: AttachmentRef, network: string, lists: readonly PluginList[], inode: number): Lease {
    const { containerId, netnsPath = '', args = {} } = ref;
    const attachment = attachmentOf(containerId, args, ref.config);
    return {
      version: 1,
      phase: 'reserved',
      containerId,
      ifname: ref.ifname ?? 'eth0',
      network,
      netnsPath,
      netnsInode: inode,
      bootId: this.#options.bootId,
      addresses: [],
      mac: '',
      bridge: null,
      hostVeth: null,
      config: foreignConfig(ref.config, lists, []),
      args,
      result: emptyResult,
      createdAt: Date.now(),
      // Ports that a plugin publishes are not published a second time.
      attachment: publishesPorts(lists) ? { ...attachment, ports: [] } : attachment,
    };
  }

  #files(network: string): LeaseFiles {
    const files = new LeaseFiles(this.#options.paths.leases, network);
    files.ensureDirs();
    files.startBoot(this.#options.bootId);
    return files;
  }
}

function ownerOf(ref: AttachmentRef): { containerId: string; ifname: string } {
  return { containerId: ref.containerId, ifname: ref.ifname ?? 'eth0' };
}

function subjectOf(lease: Lease, netns: string): Subject {
  const { containerId, ifname, args, config } = lease;
  return { containerId, ifname, netns, args, corral: corralArgsOf(config) };
}

function claim(files: LeaseFiles, lease: Lease): void {
  for (const ip of leaseIps(lease)) {
    if (files.claim(lease, ip)) continue;
    const owner = files.ownerOf(ip)?.containerId ?? 'an unreadable lease';
    throw new SuiteError('ADDRESS_TAKEN', `attach ${lease.containerId}: the plugins gave ${ip}, which ${owner} has`);
  }
}

/** @throws SuiteError NETNS_GONE, or NETNS_IS_HOST. */
function openForeign(ref: AttachmentRef): Netns {
  const netns = openNetns(ref.netnsPath ?? '');
  if (!isHomeNetns(netns)) return netns;
  netns.close();
  throw new SuiteError('NETNS_IS_HOST', `attach ${ref.containerId}: ${ref.netnsPath} is the host's own namespace`);
}

function openIfSame(lease: Lease, ref: AttachmentRef): Netns | undefined {
  try {
    const netns = openNetns(ref.netnsPath ?? lease.netnsPath);
    if (netns.inode === lease.netnsInode && !isHomeNetns(netns)) return netns;
    netns.close();
  } catch {
    // Gone: the kernel has taken the links with it.
  }
  return undefined;
}
