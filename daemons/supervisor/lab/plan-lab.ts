// Pure: the addresses, names and folders of a lab, all of which follow from a handful of options.
import { SuiteError } from '../../shared/model/errors.ts';
import { type Driver, drivers } from '../../shared/model/objects.ts';

export interface LabOptions {
  readonly name: string;
  readonly hosts: number;
  readonly driver: Driver;
  readonly store: StoreKind;
  /** Containers that each host begins with. */
  readonly containers: number;
  /** Containers have an IPv6 address beside the other one. */
  readonly ipv6: boolean;
}

export const storeKinds = ['sqlite', 'etcd'] as const;
export type StoreKind = (typeof storeKinds)[number];

export interface LabPlan extends LabOptions {
  readonly dir: string;
}

export interface PlannedHost {
  readonly name: string;
  /** The suite's CORRAL_ROOT. */
  readonly root: string;
  /** On the underlay, as the next. */
  readonly address: string;
  readonly address6: string;
  /** Names of the containers that it begins with: `a1`, `b1`, … on h1. */
  readonly containers: readonly string[];
}

/** All labs of the machine. */
export const labsDir = '/run/corral-lab';

/** Where the hosts' default routes lead: the switch, which is the world outside as well. */
export const underlay = { router: '192.168.50.1', router6: 'fd50::1', prefix: 24, prefix6: 64 } as const;
/** Addresses of the world outside, from ranges for documentation (RFC 5737, RFC 3849). */
export const outside = { address: '198.51.100.1', address6: '2001:db8:51::1', name: 'outside.lab' } as const;
export const etcdEndpoint = `http://${underlay.router}:2379`;
/** Of the containers, with `ipv6`. */
export const inside6 = 'fd51::/48';
/** The space beside those of the hosts. */
export const switchName = 'switch';

const limits = { hosts: 100, containers: 26 } as const;

/** @throws SuiteError USAGE for what no lab can be made of. */
export function planLab(options: LabOptions): LabPlan {
  if (!isWithin(options.hosts, 1, limits.hosts)) throw usage(`make ${options.hosts} hosts`, `1 to ${limits.hosts}`);
  if (!isWithin(options.containers, 0, limits.containers)) {
    throw usage(`start ${options.containers} containers a host`, `0 to ${limits.containers}; corral lab run adds more`);
  }
  return { ...options, dir: labDir(options.name) };
}

/** @throws SuiteError USAGE for a name that is no folder's. */
export function labDir(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,19}$/.test(name)) return `${labsDir}/${name}`;
  throw usage(`call a lab ${JSON.stringify(name)}`, 'at most 20 lower-case letters, digits and dashes');
}

export function hostsOf(plan: LabPlan): PlannedHost[] {
  return Array.from({ length: plan.hosts }, (_, at) => hostOf(plan, at + 1));
}

function hostOf(plan: LabPlan, number: number): PlannedHost {
  const name = `h${number}`;
  return {
    name,
    root: `${plan.dir}/${name}`,
    address: `192.168.50.${10 + number}`,
    address6: `fd50::${10 + number}`,
    containers: Array.from({ length: plan.containers }, (_, at) => `${String.fromCharCode(97 + at)}${number}`),
  };
}

/** @throws SuiteError TARGET_UNKNOWN for a host that the lab does not have. */
export function findHost(plan: LabPlan, name: string): PlannedHost {
  const found = hostsOf(plan).find((host) => host.name === name);
  if (found) return found;
  throw new SuiteError('TARGET_UNKNOWN', `find the host ${name} in the lab ${plan.name}`, {
    hint: `It has ${plan.hosts === 1 ? 'h1 alone' : `h1 to h${plan.hosts}`}`,
  });
}

/** As they are written. */
export type LabWords = Readonly<Record<Exclude<keyof LabOptions, 'ipv6'>, string | undefined>> &
  Pick<LabOptions, 'ipv6'>;

/** From the words of the command line; a lab of several hosts has etcd, one host needs none. */
export function readLabOptions({ ipv6, ...words }: LabWords): LabOptions {
  const hosts = wholeNumber('hosts', words.hosts ?? '3');
  return {
    name: words.name ?? 'lab',
    hosts,
    driver: oneOf('driver', words.driver ?? 'vxlan', drivers),
    store: oneOf('store', words.store ?? (hosts > 1 ? 'etcd' : 'sqlite'), storeKinds),
    containers: wholeNumber('containers', words.containers ?? '2'),
    ipv6,
  };
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw usage(`use ${JSON.stringify(text)} as --${option}`, 'a number');
}

function oneOf<T extends string>(option: string, text: string, known: readonly T[]): T {
  const found = known.find((one) => one === text);
  if (found !== undefined) return found;
  throw usage(`use ${JSON.stringify(text)} as --${option}`, known.join(', '));
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function usage(attempted: string, choices: string): SuiteError {
  return new SuiteError('USAGE', attempted, { hint: `Possible: ${choices}` });
}
