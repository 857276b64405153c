// Pure: the configuration by which container runtimes call the plugins (CNI specification 1.0.0, section 1).

const marker = 'corral';

/**
 * Addresses, bridge and MTU are not in it: the plugins take them from the block file, so that a change needs no new
 * configuration of each runtime. `generatedBy` marks the file as ours; runtimes pass it over.
 */
export function renderConflist(network: string): string {
  const bridge = {
    type: 'corral-bridge',
    ipam: { type: 'corral-ipam' },
    capabilities: { portMappings: true, ips: true, mac: true, dns: true },
  };
  const list = { cniVersion: '1.0.0', name: network, generatedBy: marker, plugins: [bridge] };
  return `${JSON.stringify(list, undefined, 2)}\n`;
}

/** False for a file that a person put in our place, or took over by removing the mark: it is theirs. */
export function isOwnConflist(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'generatedBy' in value && value.generatedBy === marker;
  } catch {
    return false;
  }
}
