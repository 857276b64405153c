// Pure: one ADD, DEL or CHECK, its parts checked; what every verb is given.
import type { AttachmentRef, CniRequest } from '../api.ts';
import { corralArgsOf } from './corral-args.ts';
import { type CniEnvironment, parseEnvironment, quote } from './environment.ts';
import { isObject } from './json.ts';
import { badConfig, type NetConf, netConfOf, parseNetConf } from './parse-config.ts';

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

const ipamNames = new Set(['corral-ipam', 'rancher-cni-ipam']);

/** True if the IPAM plugin is meant: by the name of the program, or, when that is unknown, by the configuration. */
export function isIpam(program: string | undefined, conf: NetConf): boolean {
  return ipamNames.has(program ?? conf.type);
}

/** The bridge takes its addresses from the host's block. Throws CNI code 7 if the configuration names another IPAM plugin. */
export function refuseForeignIpam(conf: NetConf): void {
  const type = isObject(conf.raw.ipam) ? (conf.raw.ipam.type ?? '') : '';
  if (type === '' || (typeof type === 'string' && ipamNames.has(type))) return;
  throw badConfig(`ipam.type is ${quote(String(type))}`, `corral-bridge knows ${[...ipamNames].join(' and ')}`);
}
