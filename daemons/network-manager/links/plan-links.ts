// Pure: what of the containers' links differs on the host. Devices that are not there, or not on their bridge, are others'
// business: the sweeper's and the networks keeper's.
import type { FdbEntry, KnownFdbEntry, Link, Neighbour } from '../../shared/effects/netlink.ts';
import { type Ip, renderIp } from '../../shared/model/ip.ts';
import type { Mac } from '../../shared/model/mac.ts';
import type { WantLink } from './want-links.ts';

export interface HaveLinks {
  readonly links: readonly Pick<Link, 'index' | 'name' | 'alias' | 'master' | 'port'>[];
  readonly neighbours: readonly Pick<Neighbour, 'index' | 'address' | 'mac' | 'permanent'>[];
  readonly fdb: readonly Pick<KnownFdbEntry, 'index' | 'mac' | 'kind'>[];
}

export type LinkStep =
  | { readonly do: 'port'; readonly device: string; readonly index: number; readonly flags: WantLink['port'] }
  | ({ readonly do: 'fdb'; readonly device: string } & FdbEntry)
  | {
      readonly do: 'neighbour';
      readonly bridge: string;
      readonly index: number;
      readonly address: Ip;
      readonly mac: Mac;
    };

export function planLinks(want: readonly WantLink[], have: HaveLinks): LinkStep[] {
  const links = new Map(have.links.map((link) => [link.name, link]));
  const fdb = new Set(have.fdb.filter(({ kind }) => kind === 'static').map(({ index, mac }) => `${index} ${mac}`));
  const neighbours = new Set(
    have.neighbours.filter(({ permanent }) => permanent).map((one) => `${one.index} ${one.address} ${one.mac}`),
  );
  return want.flatMap(({ device, alias, bridge, mac, ips, port }): LinkStep[] => {
    const [link, master] = [links.get(device), links.get(bridge)];
    if (!link || link.alias !== alias || !master || link.master !== master.index) return [];
    const { index } = link;
    const flagged =
      link.port?.locked === port.locked && link.port.learning === port.learning && link.port.hairpin === port.hairpin;
    const missing = ips.filter((ip) => !neighbours.has(`${master.index} ${kernelText(ip)} ${mac}`));
    return [
      ...(flagged ? [] : [{ do: 'port', device, index, flags: port } as const]),
      ...(fdb.has(`${index} ${mac}`) ? [] : [{ do: 'fdb', device, index, mac } as const]),
      ...missing.map((address) => ({ do: 'neighbour', bridge, index: master.index, address, mac }) as const),
    ];
  });
}

/** As the kernel's lists have it: IPv4 as a number, IPv6 as text. */
function kernelText(ip: Ip): string {
  return typeof ip === 'number' ? String(ip) : renderIp(ip);
}

export function describeLinkStep(step: LinkStep): string {
  switch (step.do) {
    case 'port':
      return `lock the port ${step.device} again`;
    case 'fdb':
      return `set the forwarding entry ${step.mac} at ${step.device}`;
    case 'neighbour':
      return `set the neighbour ${renderIp(step.address)} on ${step.bridge}`;
    default: {
      const never: never = step;
      return never;
    }
  }
}
