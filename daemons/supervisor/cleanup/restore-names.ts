// Pure: a container's resolv.conf and hosts as they were before network-manager wrote into them. What it does there, it does line
// by line and leaves to be seen: other nameservers became comments, its own line came last, its domains joined `search`.

export interface OurNames {
  /** Addresses of DNS. */
  readonly nameservers: readonly string[];
  readonly zone: string;
}

/** The same text if nothing in it is ours. */
export function restoreResolvConf(have: string, { nameservers, zone }: OurNames): string {
  const lines = have.split('\n');
  const isOurs = (line: string): boolean => nameservers.some((address) => line === `nameserver ${address}`);
  if (!lines.some(isOurs)) return have;
  const isOwnDomain = (word: string): boolean => word === zone || word.endsWith(`.${zone}`);
  return lines
    .filter((line) => !isOurs(line))
    .flatMap((line) => {
      const was = /^# (nameserver .*)$/.exec(line)?.[1];
      if (was !== undefined) return [was];
      const words = /^search\s/.test(line) ? line.split(/[ \t]+/) : [];
      if (!words.some(isOwnDomain)) return [line];
      const rest = words.filter((word) => !isOwnDomain(word));
      return rest.length > 1 ? [rest.join(' ')] : [];
    })
    .join('\n');
}

/** Without the line by which the container knows its own name. */
export function restoreHosts(have: string): string {
  return have
    .split('\n')
    .filter((line) => !line.endsWith('\t# corral'))
    .join('\n');
}
