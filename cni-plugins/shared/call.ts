// Pure: a call, its parts checked; what every verb is given.
import type { AttachmentRef, CniRequest } from '../api.ts';
import { corralArgsOf } from './corral-args.ts';
import type { DelegateCall } from './delegate.ts';
import { type CniEnvironment, parseEnvironment, parsePath } from './environment.ts';
import { type NetConf, netConfOf, parseNetConf, requireVersion } from './parse-config.ts';

export interface Call {
  readonly env: CniEnvironment;
  readonly conf: NetConf;
  /** Before every path of the caller's. */
  readonly callerRoot: string;
  /** A lease of this attachment made since then was made for this very call. */
  readonly since?: number;
}

/** Throws CniError 1, 4, 6 or 7. The environment comes first, as in the reference plugins. */
export function callOf(request: CniRequest, verb: CniEnvironment['verb']): Call {
  const env = parseEnvironment(request.env, verb);
  const conf = parseNetConf(request.stdin);
  corralArgsOf(conf.raw);
  const { callerRoot = '', since } = request;
  return { env, conf, callerRoot, ...(since !== undefined && { since }) };
}

/** The same from typed parts; containerId and ifname are checked like a stranger's, since they become file names. */
export function callFromRef(ref: AttachmentRef, verb: CniEnvironment['verb']): Call {
  const env = parseEnvironment(
    {
      CNI_CONTAINERID: ref.containerId,
      CNI_IFNAME: ref.ifname ?? 'eth0',
      CNI_NETNS: ref.netnsPath ?? '',
      CNI_PATH: '/',
    },
    verb,
  );
  return { env: { ...env, args: ref.args ?? {} }, conf: netConfOf(ref.config), callerRoot: ref.callerRoot ?? '' };
}

/** STATUS or GC: about a whole network. */
export interface NetworkCall {
  readonly verb: 'STATUS' | 'GC';
  readonly conf: NetConf;
  readonly path: readonly string[];
  readonly callerRoot: string;
}

/** Throws CniError 1 (they came with 1.1.0), 4, 6 or 7. */
export function networkCallOf(request: CniRequest, verb: NetworkCall['verb']): NetworkCall {
  const path = parsePath(request.env, verb);
  const conf = parseNetConf(request.stdin);
  requireVersion(conf, verb, '1.1.0');
  return { verb, conf, path, callerRoot: request.callerRoot ?? '' };
}

/** The call as another plugin gets it, which sees our file system and not the caller's. */
export function delegateCallOf(call: Call): DelegateCall {
  const { env, conf, callerRoot } = call;
  const args = Object.entries(env.args).map(([key, value]) => `${key}=${value}`);
  return {
    conf,
    path: env.path,
    callerRoot,
    env: {
      CNI_CONTAINERID: env.containerId,
      CNI_IFNAME: env.ifname,
      ...(env.netns !== '' && { CNI_NETNS: `${callerRoot}${env.netns}` }),
      ...(args.length > 0 && { CNI_ARGS: args.join(';') }),
    },
  };
}

const ipamNames = new Set(['corral-ipam', 'rancher-cni-ipam']);

/** True if the IPAM plugin is meant: by the name of the program, or, when that is unknown, by the configuration. */
export function isIpam(program: string | undefined, conf: NetConf): boolean {
  return ipamNames.has(program ?? conf.type);
}
