// Pure: a result in the dialect of the request's version.
import type { CniResult } from './result.ts';
import { atLeast, type CniVersion } from './versions.ts';

/** The JSON object that a runtime of `version` expects. */
export function renderResult(result: CniResult, version: CniVersion): object {
  const dialect = atLeast(version, '1.1.0')
    ? result
    : atLeast(version, '1.0.0')
      ? withoutMtu(result)
      : withFamily(result);
  return { cniVersion: version, ...dialect };
}

/** 1.0.0: an interface has no mtu. */
function withoutMtu(result: CniResult): CniResult {
  return { ...result, interfaces: result.interfaces.map(({ mtu: _, ...rest }) => rest) };
}

/** 0.3.0 to 0.4.0: an address names its family. */
function withFamily(result: CniResult): object {
  const ips = result.ips.map((ip) => ({ version: ip.address.includes(':') ? '6' : '4', ...ip }));
  return { ...withoutMtu(result), ips };
}

/** An IPAM plugin's result names no interfaces. */
export function renderIpamResult(result: CniResult, version: CniVersion): object {
  const { interfaces: _, ...rest } = renderResult(result, version) as { interfaces?: unknown };
  return rest;
}
