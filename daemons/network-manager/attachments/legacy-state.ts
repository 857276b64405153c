// Pure: the state file of a container in the words that Rancher's agent reads after it has started one: the CNI result of
// version 0.2.0 whatever the plugins spoke, or an error, with which the agent gives the start up.
import type { CniResult } from '../../../cni-plugins/library.ts';

interface Ip {
  readonly ip: string;
  readonly gateway?: string;
  readonly routes?: readonly { readonly dst: string; readonly gw?: string }[];
}

export function renderState(result: CniResult): string {
  const four = ipOf(result, false);
  const six = ipOf(result, true);
  return `${JSON.stringify({ ...(four && { ip4: four }), ...(six && { ip6: six }), dns: result.dns })}\n`;
}

export function renderStateError(text: string): string {
  return `${JSON.stringify({ error: `Couldn't bring up network: ${text.slice(0, 2_000)}` })}\n`;
}

/** The engine's text as the name of a file, colons and all; undefined for what is no time. */
export function stateFileName(startedAt: string): string | undefined {
  return /^\d{4}-\d\d-\d\dT[0-9:.]{1,32}(Z|[+-]\d\d:\d\d)$/.test(startedAt) ? startedAt : undefined;
}

/** The first address of the family, with the routes of the family. */
function ipOf(result: CniResult, six: boolean): Ip | undefined {
  const isOfFamily = (text: string): boolean => text.includes(':') === six;
  const first = result.ips.find(({ address }) => isOfFamily(address));
  if (!first) return undefined;
  const routes = result.routes
    .filter(({ dst }) => isOfFamily(dst))
    .map(({ dst, gw }) => ({ dst, ...(gw !== undefined && { gw }) }));
  return {
    ip: first.address,
    ...(first.gateway !== undefined && { gateway: first.gateway }),
    ...(routes.length > 0 && { routes }),
  };
}
