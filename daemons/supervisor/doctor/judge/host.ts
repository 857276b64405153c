// Pure: the kernel, its settings, and the host's files.
import type { Driver } from '../../../shared/model/objects.ts';
import { fail, namesOf, pass, skip, type Verdict, warn } from '../verdict.ts';

export const features = ['bridge', 'veth', 'vxlan', 'wireguard', 'esp', 'iptables', 'conntrack'] as const;
export type Feature = (typeof features)[number];

const ofDriver: Readonly<Record<Driver, readonly Feature[]>> = {
  none: [],
  vxlan: ['vxlan'],
  wireguard: ['wireguard'],
  ipsec: ['esp'],
};
const always: readonly Feature[] = ['bridge', 'veth', 'iptables', 'conntrack'];

/** What networks with these drivers need of the kernel. */
export function featuresFor(drivers: Iterable<Driver>): Feature[] {
  const needed = new Set([...always, ...[...drivers].flatMap((driver) => ofDriver[driver])]);
  return features.filter((feature) => needed.has(feature));
}

/**
 * @param missing features that the kernel refused, with its words
 * @param userSpaceEsp charon may encrypt where the kernel does not
 */
export function judgeKernel(
  needed: readonly Feature[],
  missing: ReadonlyMap<Feature, string>,
  userSpaceEsp = false,
): Verdict {
  if (userSpaceEsp && missing.size === 1 && missing.has('esp'))
    return warn(
      'the kernel has no ESP, so charon encrypts: slow',
      'install or load the module esp4, or keep it so on a small host',
    );
  if (missing.size === 0) return pass(`the kernel has ${needed.join(', ')}`);
  const told = [...missing].map(([feature, words]) => `${feature} (${words})`);
  const driver = missing.has('esp') || missing.has('wireguard') ? '; or give the network another driver' : '';
  return fail(
    `the kernel lacks ${namesOf(told)}`,
    `install the kernel's modules (linux-modules-extra on Ubuntu), or load them${driver}`,
  );
}

/** @param value of net.ipv4.ip_forward; undefined: unreadable */
export function judgeForwarding(
  value: string | undefined,
  six: { readonly isWanted: boolean; readonly value: string | undefined },
): Verdict {
  const next =
    'network-manager sets it within seconds; what sets it back? grep -r forward /etc/sysctl.conf /etc/sysctl.d';
  if (value !== '1') return fail(`net.ipv4.ip_forward is ${value ?? 'unreadable'}: no packet leaves a bridge`, next);
  if (six.isWanted && six.value !== '1')
    return fail(`net.ipv6.conf.all.forwarding is ${six.value ?? 'unreadable'}`, next);
  return pass(`IPv4${six.isWanted ? ' and IPv6' : ''} packets are forwarded`);
}

export interface ReverseFilter {
  readonly device: string;
  readonly role: 'bridge' | 'uplink';
  /** 0 off, 1 strict, 2 loose. */
  readonly value: number;
}

/**
 * The kernel takes the larger of a device's value and that of `all`.
 * @param defaultRoutes how many there are: with several an answer may come in by another uplink
 */
export function judgeReverseFilter(all: number, seen: readonly ReverseFilter[], defaultRoutes: number): Verdict {
  const effective = seen.map((one) => ({ ...one, value: Math.max(all, one.value) }));
  const open = effective.filter(({ role, value }) => role === 'bridge' && value !== 1);
  if (open.length > 0) {
    return warn(
      `${namesOf(open.map(({ device, value }) => `${device} has rp_filter ${value}`))}: containers can forge source addresses`,
      `set net.ipv4.conf.all.rp_filter to 0 or 1: it is ${all}, and the larger of the two counts`,
    );
  }
  const strict = effective.filter(({ role, value }) => role === 'uplink' && value === 1);
  if (strict.length > 0 && defaultRoutes > 1) {
    return warn(
      `${namesOf(strict.map(({ device }) => device))} check strictly, and there are ${defaultRoutes} default routes`,
      'answers that come in by the other uplink are dropped: set rp_filter of the uplinks to 2',
    );
  }
  return pass('bridges check strictly, uplinks let answers in');
}

export interface KernelLimits {
  /** Null where the kernel does not tell. */
  readonly flows: number | null;
  readonly mostFlows: number | null;
  readonly neighbours: number;
  readonly mostNeighbours: number | null;
  /** `route_localnet` of all devices. */
  readonly routeLocalnetAll: string | undefined;
}

export function judgeKernelLimits(limits: KernelLimits): Verdict {
  const { flows, mostFlows, neighbours, mostNeighbours } = limits;
  const share = flows === null || mostFlows === null ? 0 : flows / mostFlows;
  const raise = 'raise net.netfilter.nf_conntrack_max; conntrack -L shows who fills the table';
  if (share > 0.95) return fail(`${flows} of ${mostFlows} connections are tracked: new ones are dropped`, raise);
  if (share > 0.8) return warn(`${flows} of ${mostFlows} connections are tracked`, raise);
  if (mostNeighbours !== null && neighbours > mostNeighbours * 0.8)
    return warn(`${neighbours} neighbours, the most is ${mostNeighbours}`, 'raise net.ipv4.neigh.default.gc_thresh3');
  if (limits.routeLocalnetAll === '1')
    return warn(
      'net.ipv4.conf.all.route_localnet is 1: neighbours of the host reach what listens on 127.0.0.1',
      'set it to 0; Corral needs it on no device but its own bridges',
    );
  const tracked = flows === null ? '' : `${flows} of ${mostFlows} connections, `;
  return pass(`${tracked}${neighbours} of ${mostNeighbours ?? 'any number of'} neighbours`);
}

export interface Space {
  readonly path: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly isWritable: boolean;
}

const megabyte = 1e6;

export function judgeDisk(spaces: readonly Space[]): Verdict {
  if (spaces.length === 0) return skip('nothing of Corral is on the disk yet');
  const tell = ({ path, freeBytes }: Space): string => `${path} has ${Math.round(freeBytes / megabyte)} MB free`;
  const closed = spaces.filter(({ isWritable }) => !isWritable);
  if (closed.length > 0)
    return fail(
      `${namesOf(closed.map(({ path }) => path))} cannot be written`,
      'is the file system mounted read-only, or was its mode changed?',
    );
  const full = spaces.filter(({ freeBytes }) => freeBytes < 20 * megabyte);
  if (full.length > 0) return fail(namesOf(full.map(tell)), 'make room: the store and the leases need a few MB');
  const scarce = spaces.filter(
    ({ freeBytes, totalBytes }) => freeBytes < 200 * megabyte && freeBytes < totalBytes * 0.1,
  );
  if (scarce.length > 0) return warn(namesOf(scarce.map(tell)), 'make room before it is full');
  return pass(namesOf(spaces.map(tell)));
}

export interface FileMode {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly owner: number;
}

/** Secrets and the folders of sockets and of the store are root's alone. */
export function judgeModes(files: readonly FileMode[]): Verdict {
  if (files.length === 0) return skip('there is nothing yet that would have to be secret');
  const open = files.filter(({ mode, owner }) => (mode & 0o077) !== 0 || owner !== 0);
  if (open.length === 0) return pass(`${files.length} files and folders are root's alone`);
  const told = open.map(
    ({ path, mode, owner }) => `${path} (${mode.toString(8).padStart(4, '0')}${owner === 0 ? '' : `, owner ${owner}`})`,
  );
  return fail(
    `others can read ${namesOf(told)}`,
    'chmod go= FILE, chown root FILE; if others may have read a key, make a new one',
  );
}

export interface ClockSight {
  readonly who: string;
  /** Theirs less ours, seconds. */
  readonly aheadSeconds: number;
}

/** Clocks of others are told in whole seconds. */
export function judgeClock(sights: readonly ClockSight[]): Verdict {
  if (sights.length === 0) return skip('no other clock to compare with');
  const tell = ({ who, aheadSeconds }: ClockSight): string =>
    `${who} is ${Math.abs(aheadSeconds).toFixed(0)} s ${aheadSeconds < 0 ? 'behind' : 'ahead'}`;
  const worst = (limit: number): ClockSight[] => sights.filter(({ aheadSeconds }) => Math.abs(aheadSeconds) > limit);
  const next = 'set the clock and keep it set: timedatectl set-ntp true, or chrony';
  if (worst(300).length > 0)
    return fail(`${namesOf(worst(300).map(tell))}: certificates and logs no longer agree`, next);
  if (worst(5).length > 0) return warn(namesOf(worst(5).map(tell)), next);
  return pass(`agrees with ${namesOf(sights.map(({ who }) => who))}`);
}
