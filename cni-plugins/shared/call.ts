// Pure: one ADD, DEL or CHECK, its parts checked; what every verb is given.
import type { AttachmentRef, CniRequest } from '../api.ts';
import { corralArgsOf } from './corral-args.ts';
import { type CniEnvironment, parseEnvironment } from './environment.ts';
import { type NetConf, netConfOf, parseNetConf } from './parse-config.ts';

export interface Call {
  readonly env: CniEnvironment;
  readonly conf: NetConf;
  /** Before every path of the caller's. */
  readonly callerRoot: string;
}

/** Throws CniError 1, 4, 6 or 7. The environment comes first, as in the reference plugins. */
export function callOf(request: CniRequest, verb: CniEnvironment['verb']): Call {
  const env = parseEnvironment(request.env, verb);
  const conf = parseNetConf(request.stdin);
  corralArgsOf(conf.raw);
  return { env, conf, callerRoot: request.callerRoot ?? '' };
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

/** The IPAM type that a bridge configuration names, if it is another program's. */
export function foreignIpam(conf: NetConf): string | undefined {
  const ipam = conf.raw.ipam;
  const type = typeof ipam === 'object' && ipam !== null && 'type' in ipam ? ipam.type : undefined;
  return typeof type === 'string' && type !== '' && !ipamNames.has(type) ? type : undefined;
}
