// ADD: reserve addresses, connect the container, record the result; all of it undone if any step fails.
import { type Link, type Netlink, openNetlink } from '../../daemons/shared/effects/netlink.ts';
import type { Netns } from '../../daemons/shared/effects/netns.ts';
import { hasCode, SuiteError } from '../../daemons/shared/model/errors.ts';
import type { Ip } from '../../daemons/shared/model/ip.ts';
import { type Mac, parseMac } from '../../daemons/shared/model/mac.ts';
import type { Attached } from '../api.ts';
import { type Context, openContainer } from '../context.ts';
import { applicantOf } from '../ipam/applicant.ts';
import type { Lease } from '../ipam/lease.ts';
import type { LeaseFiles } from '../ipam/lease-files.ts';
import type { Applicant } from '../ipam/reserve.ts';
import type { Call } from '../shared/call.ts';
import { badConfig } from '../shared/parse-config.ts';
import { appendResult } from '../shared/result.ts';
import { type Addressing, addressingOf, type Taken } from './addressing.ts';
import { type BridgeConf, parseBridgeConf } from './bridge-conf.ts';
import { configureContainer, createPair, openPort } from './connect.ts';
import { ensureBridge } from './ensure-bridge.ts';
import { hostVethNames, type LinkOwner } from './names.ts';
import { dropHostEntries, dropOwnLinks, freeHostVethName } from './own-links.ts';
import { type AttachPlan, bridgeName, planAttach, resultOf } from './plan.ts';
import { settle } from './settle.ts';
import { runSteps, type Step } from './steps.ts';

/** Everything that one ADD works with. */
interface Job {
  readonly context: Context;
  readonly call: Call;
  readonly conf: BridgeConf;
  readonly addressing: Addressing;
  readonly owner: LinkOwner;
  readonly files: LeaseFiles;
  readonly netns: Netns;
  readonly inside: Netlink;
}

/** @throws SuiteError or CniError; then nothing is left behind. */
export async function bridgeAdd(context: Context, call: Call): Promise<Attached> {
  const conf = parseBridgeConf(call.conf.raw, call.env.args);
  const addressing = addressingOf(context, call);
  const { network } = addressing.conf;
  const owner = { network, containerId: call.env.containerId, ifname: call.env.ifname };
  const files = context.leaseFiles(network);
  const netns = openContainer(call);
  try {
    const inside = openNetlink(netns, 'direct');
    const lock = await context.lockAttachment(files, owner);
    try {
      return await attach({ context, call, conf, addressing, owner, files, netns, inside });
    } finally {
      lock.release();
      inside.close();
    }
  } finally {
    netns.close();
  }
}

async function attach(job: Job): Promise<Attached> {
  const made = await madeForThisCall(job);
  if (made) return answer(job, made);
  const previous = await clearWay(job);
  const { call, conf, context, netns } = job;
  const hostVeth = await freeHostVethName(context.netlink, job.owner);
  const bridge = bridgeName(conf, job.addressing.block);
  const { inode: netnsInode } = netns;
  const applicant = applicantOf(call, {
    network: job.owner.network,
    netnsInode,
    bootId: context.bootId,
    now: Date.now(),
    bridge,
    hostVeth,
  });
  const progress: Progress = {};
  const bridgeAddress = conf.useBridgeAddress ? await addressOfBridge(job, bridge) : undefined;
  await runSteps(stepsOf(job, applicant, previous, bridgeAddress, progress), context.afterStep);
  const attached = answer(job, must(progress.lease));
  return progress.told ? { ...attached, told: progress.told } : attached;
}

/** In a chain the result of the plugins before is passed on with ours. */
function answer({ call }: Job, lease: Lease): Attached {
  const { prevResult } = call.conf;
  return { lease, result: prevResult ? appendResult(prevResult, lease.result) : lease.result };
}

/** The first IPv4 address that the bridge has, or will have. Throws CNI code 7 if there is none. */
async function addressOfBridge({ context, addressing }: Job, name: string): Promise<Ip> {
  const link = await context.netlink.getLink(name);
  const have = link ? await context.netlink.listAddresses(link.index) : [];
  const first = have.map(({ address }) => address).find((address) => typeof address === 'number');
  const address = first ?? addressing.conf.bridgeSubnet?.address ?? addressing.block?.gateway;
  if (address === undefined) throw badConfig(`useBridgeIPAsGateway: ${name} has no IPv4 address`);
  return address;
}

/** What a daemon finished for this call and died before it could say so. */
async function madeForThisCall(job: Job): Promise<Lease | undefined> {
  const { since } = job.call;
  if (since === undefined) return undefined;
  const lease = job.files.read(job.owner);
  const isIt = lease?.phase === 'done' && lease.createdAt >= since && lease.netnsInode === job.netns.inode;
  return isIt && (await job.inside.getLink(job.owner.ifname)) ? lease : undefined;
}

/**
 * Removes what an ADD that was killed, or a container that ended without DEL, left of this attachment, and returns its
 * lease. @throws SuiteError ATTACHMENT_EXISTS if the interface is there and in use.
 */
async function clearWay(job: Job): Promise<Lease | undefined> {
  const { inside, owner } = job;
  const previous = job.files.read(owner);
  const isThere = async (): Promise<boolean> => (await inside.getLink(owner.ifname)) !== undefined;
  if ((await isThere()) && previous?.phase !== 'reserved') refuse(job);
  if (previous) {
    await dropOwnLinks(job.context.netlink, owner, previous);
    if (await isThere()) refuse(job);
  }
  return previous;
}

function refuse({ owner, call }: Job): never {
  const attempted = `attach ${owner.containerId}: ${owner.ifname} exists in ${call.env.netns}`;
  throw new SuiteError('ATTACHMENT_EXISTS', attempted, { hint: 'DEL removes it, if it is Corral’s' });
}

/**
 * Makes the pair under the name that was free, or under the next one if another attachment, whose id begins alike, took it
 * meanwhile. Returns the name.
 */
async function makePair(job: Job, plan: AttachPlan, bridge: Link, firstName: string): Promise<string> {
  const { netlink } = job.context;
  for (let name = firstName, left = hostVethNames(job.owner).length; ; left -= 1) {
    try {
      await createPair(netlink, plan, name, bridge, job.netns);
      return name;
    } catch (error) {
      if (!hasCode(error, 'NETLINK_EXISTS')) throw error;
      if (await job.inside.getLink(job.owner.ifname)) refuse(job);
      if (left === 0) throw error;
      name = await freeHostVethName(netlink, job.owner);
    }
  }
}

/** What the steps have made so far. */
interface Progress {
  taken?: Taken;
  lease?: Lease;
  plan?: AttachPlan;
  bridge?: Link;
  /** The name of the host's end, once it exists. */
  hostVeth?: string;
  /** Settles when those who want to know of the lease early know it. */
  told?: Promise<void> | undefined;
}

function stepsOf(
  job: Job,
  applicant: Applicant,
  previous: Lease | undefined,
  bridgeAddress: Ip | undefined,
  made: Progress,
): Step[] {
  const { context, conf, addressing, owner, files, netns, inside } = job;
  const { netlink } = context;
  const hostVeth = applicant.hostVeth ?? '';
  return [
    {
      name: 'reserve',
      run: async () => {
        const taken = await addressing.take(files, applicant, previous);
        made.taken = taken;
        made.lease = taken.lease;
        const { block, conf: ipam } = addressing;
        const ground = { block, bridgeSubnet: ipam.bridgeSubnet, bridgeAddress, routes: taken.routes };
        made.plan = planAttach(conf, ground, owner, taken.given, parseMac(taken.lease.mac) as Mac);
      },
      undo: () => addressing.giveBack(files, made.lease),
    },
    {
      name: 'bridge',
      run: async () => {
        made.bridge = await ensureBridge(netlink, must(made.plan).bridge);
        // Those who are told of leases learn of it while the kernel works; all of it but the devices is settled.
        made.told = context.ahead?.tell(finish(must(made.taken), must(made.plan), made.bridge, hostVeth, conf));
      },
      undo: () => made.told && made.lease && context.ahead?.takeBack(made.lease),
    },
    {
      name: 'pair',
      run: async () => {
        made.hostVeth = await makePair(job, must(made.plan), must(made.bridge), hostVeth);
      },
      // The kernel makes all of it or nothing, and what it refused to make may be another's.
      undo: () => made.hostVeth && dropOwnLinks(netlink, owner, made.lease),
    },
    {
      name: 'port',
      run: () => openPort(netlink, must(made.plan), must(made.hostVeth), must(made.bridge)),
      undo: () => dropHostEntries(netlink, must(made.lease)),
    },
    {
      name: 'container',
      run: async () => {
        const plan = must(made.plan);
        await configureContainer(inside, plan, netns);
        await settle(netlink, must(made.hostVeth), inside, plan);
      },
    },
    {
      name: 'record',
      run: () => {
        made.lease = finish(must(made.taken), must(made.plan), must(made.bridge), must(made.hostVeth), conf);
        files.write(made.lease);
      },
    },
  ];
}

function finish(taken: Taken, plan: AttachPlan, link: Link, hostVeth: string, conf: BridgeConf): Lease {
  const { lease, dns: theirs } = taken;
  const bridge = { name: link.name, mtu: link.mtu, ...(link.mac && { mac: link.mac }) };
  const dns = theirs && Object.keys(conf.dns).length === 0 ? theirs : conf.dns;
  const result = resultOf(plan, { bridge, hostVeth, sandbox: lease.netnsPath }, dns);
  return { ...lease, phase: 'done', hostVeth, result };
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new SuiteError('INTERNAL', 'a step of ADD ran before the one that it needs');
  return value;
}
