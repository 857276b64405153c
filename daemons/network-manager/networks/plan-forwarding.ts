// Pure: whether the host has to be made to forward, and what of it has to be kept as it was. Forwarding of IPv6 makes a host a
// router, which stops to listen to other routers: where its default route came from one, it is told to go on.
import { acceptPath, forwarding6Path, forwardingPath } from '../../shared/model/host-settings.ts';
import type { HaveLink, HaveRoute, HostState } from './host-state.ts';
import type { HostStep } from './steps.ts';
import type { WantNetwork } from './want-networks.ts';

/** Devices of IPv6 default routes. */
export function uplinks6(routes: readonly HaveRoute[], links: readonly HaveLink[]): string[] {
  const indices = new Set(
    routes.flatMap(({ dst, index }) => (typeof dst.base === 'bigint' && dst.prefix === 0 ? (index ?? []) : [])),
  );
  return links.filter(({ index }) => indices.has(index)).map(({ name }) => name);
}

export function planForwarding(networks: readonly WantNetwork[], have: HostState): HostStep[] {
  const steps: HostStep[] = [];
  if (networks.length > 0 && have.sysctls.get(forwardingPath) !== '1') steps.push({ do: 'forwarding' });
  const value = have.sysctls.get(forwarding6Path);
  // A kernel without IPv6 has no such setting.
  if (value === undefined || !networks.some(({ six }) => six)) return steps;
  const uplinks = uplinks6(have.routes, have.links).filter((name) => have.sysctls.get(acceptPath(name)) === '1');
  if (value !== '1' || uplinks.length > 0) steps.push({ do: 'forwarding6', uplinks });
  return steps;
}
