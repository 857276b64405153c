// Pure: what two hosts of a cluster cannot both have.
import type { HostObject } from '../../shared/model/objects.ts';

/** One sentence for each other host that has this host's name or address, naming both. */
export function hostConflicts(own: HostObject, others: Iterable<HostObject>): string[] {
  const found: string[] = [];
  for (const other of others) {
    if (other.id === own.id) continue;
    const both = `${own.name} (${own.agentIp}, ${own.id}) and ${other.name} (${other.agentIp}, ${other.id})`;
    if (other.name.toLowerCase() === own.name.toLowerCase()) found.push(`${both} have one name`);
    else if (own.agentIp !== null && other.agentIp === own.agentIp) found.push(`${both} have one address`);
  }
  return found.sort();
}
