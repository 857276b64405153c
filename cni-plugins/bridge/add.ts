// ADD: reserve an address, connect the container, record the result; all of it undone if any step fails.
import { type Link, type Netlink, openNetlink } from '../../daemons/shared/effects/netlink.ts';
import type { Netns } from '../../daemons/shared/effects/netns.ts';
import { SuiteError } from '../../daemons/shared/model/errors.ts';
import { type Mac, parseMac } from '../../daemons/shared/model/mac.ts';
import type { Attached } from '../api.ts';
import { type Context, openContainer } from '../context.ts';
import { applicantOf } from '../ipam/applicant.ts';
import type { BlockFile } from '../ipam/block-file.ts';
import type { Lease } from '../ipam/lease.ts';
import type { LeaseFiles } from '../ipam/lease-files.ts';
import { readBlock } from '../ipam/read-block.ts';
import { requestedAddress, requestedMac } from '../ipam/requested.ts';
import { type Applicant, reserve } from '../ipam/reserve.ts';
import { type Call, refuseForeignIpam } from '../shared/call.ts';
import { type BridgeConf, parseBridgeConf } from './bridge-conf.ts';
import { configureContainer, createPair, openPort } from './connect.ts';
import { ensureBridge } from './ensure-bridge.ts';
import type { LinkOwner } from './names.ts';
import { dropHostEntries, dropOwnLinks, freeHostVethName } from './own-links.ts';
import { type AttachPlan, planAttach, planBridge, resultOf } from './plan.ts';
import { runSteps, type Step } from './steps.ts';

/** Everything that one ADD works with. */
interface Job {
  readonly context: Context;
  readonly call: Call;
  readonly conf: BridgeConf;
  readonly block: BlockFile;
  readonly owner: LinkOwner;
  readonly files: LeaseFiles;
  readonly netns: Netns;
  readonly inside: Netlink;
}

/** @throws SuiteError or CniError; then nothing is left behind. */
export async function bridgeAdd(context: Context, call: Call): Promise<Attached> {
  refuseForeignIpam(call.conf);
  const conf = parseBridgeConf(call.conf.raw, call.env.args);
  const block = readBlock(context.paths.blocks, conf.network);
  const owner = { network: conf.network, containerId: call.env.containerId, ifname: call.env.ifname };
  const files = context.leaseFiles(conf.network);
  const netns = openContainer(call);
  try {
    const inside = openNetlink(netns);
    const lock = await context.lockAttachment(files, owner);
    try {
      return await attach({ context, call, conf, block, owner, files, netns, inside });
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
  if (made) return { lease: made, result: made.result };
  const previous = await clearWay(job);
  const { call, conf, context, netns } = job;
  const hostVeth = await freeHostVethName(context.netlink, job.owner);
  const bridge = planBridge(conf, job.block).name;
  const { inode: netnsInode } = netns;
  const applicant = applicantOf(call, {
    network: conf.network,
    netnsInode,
    bootId: context.bootId,
    now: Date.now(),
    bridge,
    hostVeth,
  });
  const progress: Progress = {};
  await runSteps(stepsOf(job, applicant, previous, progress), context.afterStep);
  const lease = must(progress.lease);
  return { lease, result: lease.result };
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
  const refuse = (): never => {
    throw new SuiteError(
      'ATTACHMENT_EXISTS',
      `attach ${owner.containerId}: ${owner.ifname} exists in ${job.call.env.netns}`,
      {
        hint: 'DEL removes it, if it is Corral’s',
      },
    );
  };
  if ((await isThere()) && previous?.phase !== 'reserved') refuse();
  if (previous) {
    await dropOwnLinks(job.context.netlink, owner, previous);
    if (await isThere()) refuse();
  }
  return previous;
}

/** What the steps have made so far. */
interface Progress {
  lease?: Lease;
  plan?: AttachPlan;
  bridge?: Link;
}

function stepsOf(job: Job, applicant: Applicant, previous: Lease | undefined, made: Progress): Step[] {
  const { context, call, conf, block, owner, files, netns, inside } = job;
  const { netlink } = context;
  const hostVeth = applicant.hostVeth ?? '';
  const wish = {
    requested: requestedAddress(call.conf.raw, call.env.args),
    mac: requestedMac(call.conf.raw, call.env.args),
    previous,
  };
  return [
    {
      name: 'reserve',
      run: async () => {
        const lease = await reserve(files, block, applicant, wish);
        made.lease = lease;
        made.plan = planAttach(conf, block, owner, lease.addresses[0] ?? '', parseMac(lease.mac) as Mac);
      },
      undo: () => made.lease && files.remove(made.lease),
    },
    {
      name: 'bridge',
      run: async () => {
        made.bridge = await ensureBridge(netlink, must(made.plan).bridge);
      },
    },
    {
      name: 'pair',
      run: () => createPair(netlink, must(made.plan), hostVeth, must(made.bridge), netns),
      undo: () => dropOwnLinks(netlink, owner, made.lease),
    },
    {
      name: 'port',
      run: () => openPort(netlink, must(made.plan), hostVeth, must(made.bridge)),
      undo: () => dropHostEntries(netlink, must(made.lease)),
    },
    { name: 'container', run: () => configureContainer(inside, must(made.plan), netns) },
    {
      name: 'record',
      run: () => {
        made.lease = finish(must(made.lease), must(made.plan), must(made.bridge), conf);
        files.rewrite(made.lease);
      },
    },
  ];
}

function finish(lease: Lease, plan: AttachPlan, link: Link, conf: BridgeConf): Lease {
  const bridge = { name: link.name, mtu: link.mtu, ...(link.mac && { mac: link.mac }) };
  const links = { bridge, hostVeth: lease.hostVeth ?? '', sandbox: lease.netnsPath };
  return { ...lease, phase: 'done', result: resultOf(plan, links, conf.dns) };
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new SuiteError('INTERNAL', 'a step of ADD ran before the one that it needs');
  return value;
}
