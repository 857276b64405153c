// Pure: a result in the dialect of the request's version.
import type { CniResult, CniRoute } from './result.ts';
import { atLeast, type CniVersion } from './versions.ts';

/** The JSON object that a runtime of `version` expects. */
export function renderResult(result: CniResult, version: CniVersion): object {
  return { cniVersion: version, ...dialectOf(result, version) };
}

function dialectOf(result: CniResult, version: CniVersion): object {
  if (atLeast(version, '1.1.0')) return result;
  if (atLeast(version, '1.0.0')) return before11(result);
  return atLeast(version, '0.3.0') ? withFamily(result) : onePerFamily(result);
}

/** 1.0.0: interfaces have neither mtu nor socket nor PCI address, routes only a destination and a gateway. */
function before11(result: CniResult): CniResult {
  return {
    ...result,
    interfaces: result.interfaces.map(({ mtu: _, socketPath: __, pciID: ___, ...rest }) => rest),
    routes: result.routes.map(plainRoute),
  };
}

function plainRoute({ dst, gw }: CniRoute): CniRoute {
  return { dst, ...(gw !== undefined && { gw }) };
}

const isIpv6 = (text: string): boolean => text.includes(':');

/** 0.3.0 to 0.4.0: an address names its family. */
function withFamily(result: CniResult): object {
  const ips = result.ips.map((ip) => ({ version: isIpv6(ip.address) ? '6' : '4', ...ip }));
  return { ...before11(result), ips };
}

/** 0.1.0 and 0.2.0: the first address of each family, with the routes of that family, and no interfaces. */
function onePerFamily(result: CniResult): object {
  const configOf = (six: boolean): object | undefined => {
    const ip = result.ips.find((one) => isIpv6(one.address) === six);
    const routes = result.routes.filter((route) => isIpv6(route.dst) === six).map(plainRoute);
    if (!ip) return undefined;
    return {
      ip: ip.address,
      ...(ip.gateway !== undefined && { gateway: ip.gateway }),
      ...(routes.length > 0 && { routes }),
    };
  };
  const [ip4, ip6] = [configOf(false), configOf(true)];
  return { ...(ip4 && { ip4 }), ...(ip6 && { ip6 }), dns: result.dns };
}

/** An IPAM plugin's result names no interfaces. */
export function renderIpamResult(result: CniResult, version: CniVersion): object {
  const { interfaces: _, ...rest } = renderResult(result, version) as { interfaces?: unknown };
  return rest;
}
