// Pure: names by which a link of a container is recognised on the host.
import type { Mac } from '../../daemons/shared/model/mac.ts';
import { digestOf } from '../shared/digest.ts';

/** What the host's ends of all attachments have in common. */
export const aliasPrefix = 'corral:';
export const macPrefix = '0e:';

export interface LinkOwner {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
}

/**
 * Names for the host's end, best first. For eth0 Rancher's own formula, since an original manager that still runs deletes
 * any `vethr*` that it cannot derive; the second serves other interfaces, short ids, and ids that begin alike.
 */
export function hostVethNames(owner: LinkOwner): [string, ...string[]] {
  const hashed = `vethr${digestOf(linkAlias(owner)).slice(0, 10)}`;
  const formula = owner.ifname === 'eth0' && owner.containerId.length >= 10;
  return formula ? [`vethr${owner.containerId.slice(0, 10)}`, hashed] : [hashed];
}

/** The ifalias of the host's end: proof of whose it is. At most 247 bytes, the kernel takes 255. */
export function linkAlias(owner: LinkOwner): string {
  return `${aliasPrefix}${owner.network}:${owner.containerId}:${owner.ifname}`;
}

/** The MAC of the host's end: fixed, so that the result can name it without asking the kernel. */
export function hostVethMac(owner: LinkOwner): Mac {
  const digest = digestOf(linkAlias(owner));
  return `${macPrefix}${[6, 8, 10, 12, 14].map((at) => digest.slice(at, at + 2)).join(':')}` as Mac;
}
