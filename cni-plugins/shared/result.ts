// Pure: the result of an ADD, in the form of CNI 1.1.0; rendering into older dialects is in render-result.ts.

export interface CniInterface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  /** Path of the network namespace; absent for a device of the host. */
  readonly sandbox?: string;
  readonly socketPath?: string;
  readonly pciID?: string;
}

export interface CniIp {
  /** Address with prefix, `10.42.0.5/24`. */
  readonly address: string;
  readonly gateway?: string;
  /** Index into `interfaces`. */
  readonly interface?: number;
}

export interface CniRoute {
  readonly dst: string;
  readonly gw?: string;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

export interface CniDns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

export interface CniResult {
  readonly interfaces: readonly CniInterface[];
  readonly ips: readonly CniIp[];
  readonly routes: readonly CniRoute[];
  readonly dns: CniDns;
}

export const emptyResult: CniResult = { interfaces: [], ips: [], routes: [], dns: {} };

/** What a chained plugin answers: the result of those before it, and its own. */
export function appendResult(before: CniResult, own: CniResult): CniResult {
  const shift = before.interfaces.length;
  const moved = own.ips.map((ip) => (ip.interface === undefined ? ip : { ...ip, interface: ip.interface + shift }));
  return {
    interfaces: [...before.interfaces, ...own.interfaces],
    ips: [...before.ips, ...moved],
    routes: [...before.routes, ...own.routes],
    dns: Object.keys(own.dns).length > 0 ? own.dns : before.dns,
  };
}
