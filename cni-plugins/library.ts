// The plugins as a library: network-manager hosts it behind cni.sock, standalone.ts runs it in a process of its own.
import type { Attached, Cni, CniReply, CniRequest, CniSettings, LeaseChange } from './api.ts';
import { leaseHookMs } from './api.ts';
import { bridgeAdd } from './bridge/add.ts';
import { bridgeCheck } from './bridge/check.ts';
import { bridgeDelWithIpam } from './bridge/del-delegated.ts';
import { bridgeGc } from './bridge/gc.ts';
import { bridgeStatus } from './bridge/status.ts';
import { Context } from './context.ts';
import { ipamGc, reportFailures, type Sweep } from './ipam/gc.ts';
import { ipamAdd, ipamCheck, ipamDel } from './ipam/ipam-verbs.ts';
import type { Lease } from './ipam/lease.ts';
import { ipamStatus } from './ipam/status.ts';
import { type Call, callFromRef, callOf, isIpam, type NetworkCall, networkCallOf } from './shared/call.ts';
import { type AttachmentVerb, parseVerb } from './shared/environment.ts';
import { parseObject } from './shared/json.ts';
import { logCall } from './shared/log-file.ts';
import { requirePrevResult } from './shared/parse-config.ts';
import { renderIpamResult, renderResult } from './shared/render-result.ts';
import { done, fail, succeed } from './shared/respond.ts';
import { renderVersionReply } from './shared/versions.ts';

export type { Attached, AttachmentRef, Cni, CniReply, CniRequest, CniSettings, LeaseChange } from './api.ts';
export { type BlockFile, parseBlockFile, renderBlockFile } from './ipam/block-file.ts';
export { type Attachment, type Lease, leaseIps, parseLease, renderLease } from './ipam/lease.ts';
export { type LeaseList, leaseFolders, listLeases } from './ipam/list-leases.ts';
export type { CorralArgs } from './shared/corral-args.ts';
export { CniError } from './shared/errors.ts';
export type { CniResult } from './shared/result.ts';

/** The verbs of one plugin. */
interface Plugin {
  add(context: Context, call: Call): Promise<Attached>;
  del(context: Context, call: Call): Promise<Lease | undefined>;
  check(context: Context, call: Call): Promise<void>;
  status(context: Context, call: NetworkCall): Promise<unknown>;
  gc(context: Context, call: NetworkCall): Promise<Sweep>;
  render: typeof renderResult;
}

const bridge: Plugin = {
  add: bridgeAdd,
  del: bridgeDelWithIpam,
  check: bridgeCheck,
  status: bridgeStatus,
  gc: bridgeGc,
  render: renderResult,
};
const ipam: Plugin = {
  add: ipamAdd,
  del: ipamDel,
  check: ipamCheck,
  status: ipamStatus,
  gc: ipamGc,
  render: renderIpamResult,
};

/** Opens nothing until the first verb; then one netlink socket, kept until close(). */
export function createCni(settings: CniSettings): Cni {
  const context = new Context(settings);
  const tell = (lease: Lease, change: LeaseChange, told?: Promise<void>): Promise<void> =>
    tellWithin(settings, lease, change, told);

  const add = async (plugin: Plugin, call: Call): Promise<Attached> => {
    const attached = await plugin.add(context, call);
    await tell(attached.lease, 'added', attached.told);
    return attached;
  };
  const del = async (plugin: Plugin, call: Call): Promise<Lease | undefined> => {
    const lease = await plugin.del(context, call);
    if (lease) await tell(lease, 'removed');
    return lease;
  };
  const run = async (request: CniRequest, verb: AttachmentVerb): Promise<CniReply> => {
    const call = callOf(request, verb);
    const plugin = isIpam(request.program, call.conf) ? ipam : bridge;
    if (verb === 'ADD') return succeed(plugin.render((await add(plugin, call)).result, call.conf.cniVersion));
    if (verb === 'DEL') await del(plugin, call);
    else {
      requirePrevResult(call.conf);
      await plugin.check(context, call);
    }
    return done;
  };
  const runOnNetwork = async (request: CniRequest, verb: NetworkCall['verb']): Promise<CniReply> => {
    const call = networkCallOf(request, verb);
    const plugin = isIpam(request.program, call.conf) ? ipam : bridge;
    if (verb === 'STATUS') await plugin.status(context, call);
    else {
      const sweep = await plugin.gc(context, call);
      await Promise.all(sweep.removed.map((lease) => tell(lease, 'removed')));
      reportFailures(sweep);
    }
    return done;
  };
  const answer = async (request: CniRequest): Promise<CniReply> => {
    try {
      const verb = parseVerb(request.env);
      if (verb === 'VERSION') return { ...done, stdout: renderVersionReply() };
      return await (verb === 'STATUS' || verb === 'GC' ? runOnNetwork(request, verb) : run(request, verb));
    } catch (error) {
      return fail(error, request.stdin);
    }
  };
  return {
    async handle(request) {
      const reply = await answer(request);
      if (request.stdin.includes('"logToFile"')) log(request, reply);
      return reply;
    },
    add: async (ref) => add(bridge, callFromRef(ref, 'ADD')),
    del: async (ref) => del(bridge, callFromRef(ref, 'DEL')),
    check: async (ref) => bridgeCheck(context, callFromRef(ref, 'CHECK')),
    close: () => context.close(),
  };
}

/** For the rare configuration that asks for it; one that could not be read asks for nothing. */
function log(request: CniRequest, reply: CniReply): void {
  const { env, callerRoot = '' } = request;
  const config = parseObject(request.stdin);
  if (!config) return;
  const subject = [env.CNI_CONTAINERID, env.CNI_IFNAME].filter((text) => text).join(' ');
  const program = request.program ?? String(config.type);
  logCall({ config, verb: env.CNI_COMMAND ?? '', program, subject, reply, callerRoot }, new Date());
}

/** Tells the host of the library, but lets no one wait for it: the lease file says the same, later. */
function tellWithin(settings: CniSettings, lease: Lease, change: LeaseChange, ahead?: Promise<void>): Promise<void> {
  const { onLease } = settings;
  if (!onLease) return Promise.resolve();
  const told = (async () => onLease(lease, change))();
  return new Promise((resolve) => {
    const late = setTimeout(resolve, leaseHookMs);
    const done = (): void => {
      clearTimeout(late);
      resolve();
    };
    void Promise.allSettled([told, ahead]).then(done);
  });
}
