// Pure: who has which IPv4 address on which bridge, by the leases: containers, and the gateway that their results name.
import type { Lease } from '../../../cni-plugins/library.ts';
import { type Ipv4, parseIpv4, renderIpv4 } from '../../shared/model/ipv4.ts';
import { type Mac, parseMac } from '../../shared/model/mac.ts';

export interface Claim {
  readonly bridge: string;
  readonly ip: Ipv4;
  readonly mac: Mac;
  /** When the lease was made: milliseconds since 1970 by this host's clock. */
  readonly since: number;
  /** For people. */
  readonly owner: string;
}

/** Somebody besides the owner uses an address. */
export interface Duplicate {
  readonly claim: Claim;
  readonly rival: Mac;
  /** Whose MAC it is, if that is known. */
  readonly rivalName: string | undefined;
}

export class Claims {
  readonly #byAddress = new Map<string, Claim>();
  readonly #byBridge = new Map<string, Claim[]>();
  readonly #byMac = new Map<string, Claim>();
  /** Leases that name an address which an older one has on the same bridge. */
  readonly doubles: readonly Duplicate[];

  constructor(leases: readonly Lease[]) {
    const doubles: Duplicate[] = [];
    const oldestFirst = leases.filter(({ phase }) => phase === 'done').sort((a, b) => a.createdAt - b.createdAt);
    const gateways = oldestFirst.flatMap((lease) => partsOf(lease).gateways);
    for (const claim of [...gateways, ...oldestFirst.flatMap((lease) => partsOf(lease).own)]) {
      const key = keyOf(claim.bridge, claim.ip);
      const older = this.#byAddress.get(key);
      if (!older) this.#add(key, claim);
      else if (older.mac !== claim.mac) doubles.push({ claim: older, rival: claim.mac, rivalName: claim.owner });
      this.#byMac.set(`${claim.bridge} ${claim.mac}`, this.#byMac.get(`${claim.bridge} ${claim.mac}`) ?? claim);
    }
    this.doubles = doubles;
  }

  on(bridge: string): readonly Claim[] {
    return this.#byBridge.get(bridge) ?? [];
  }

  of(bridge: string, ip: Ipv4): Claim | undefined {
    return this.#byAddress.get(keyOf(bridge, ip));
  }

  #add(key: string, claim: Claim): void {
    this.#byAddress.set(key, claim);
    const those = this.#byBridge.get(claim.bridge);
    if (those) those.push(claim);
    else this.#byBridge.set(claim.bridge, [claim]);
  }

  /** The duplicate that it means when somebody says he has an address; undefined if he may. */
  judge(bridge: string, ip: Ipv4, mac: Mac): Duplicate | undefined {
    const claim = this.#byAddress.get(keyOf(bridge, ip));
    if (!claim || claim.mac === mac) return undefined;
    return { claim, rival: mac, rivalName: this.#byMac.get(`${bridge} ${mac}`)?.owner };
  }
}

export function describeDuplicate({ claim, rival, rivalName }: Duplicate, port: string | undefined): string {
  const who = rivalName ?? `a stranger with MAC ${rival}${port === undefined ? '' : ` at port ${port}`}`;
  return `${renderIpv4(claim.ip)} belongs to ${claim.owner} and is also used by ${who}`;
}

interface Parts {
  readonly own: readonly Claim[];
  readonly gateways: readonly Claim[];
}

/** A lease does not change, and there are hundreds that are looked at every few seconds. */
const known = new WeakMap<Lease, Parts>();

function partsOf(lease: Lease): Parts {
  const before = known.get(lease);
  if (before) return before;
  const parts = { own: claimsOf(lease), gateways: gatewaysOf(lease) };
  known.set(lease, parts);
  return parts;
}

function claimsOf(lease: Lease): Claim[] {
  const { bridge, attachment, containerId, createdAt: since } = lease;
  const mac = parseMac(lease.mac);
  if (bridge === null || mac === undefined) return [];
  const owner = `container ${attachment.name} (${containerId.slice(0, 12)})`;
  return lease.addresses.flatMap((text) => {
    const ip = parseIpv4(text.slice(0, text.indexOf('/')));
    return ip === undefined ? [] : [{ bridge, ip, mac, since, owner }];
  });
}

/** Only where the gateway is the bridge itself. */
function gatewaysOf({ bridge, result, createdAt: since }: Lease): Claim[] {
  const mac = parseMac(result.interfaces.find(({ name, sandbox }) => name === bridge && !sandbox)?.mac ?? '');
  if (bridge === null || mac === undefined) return [];
  return result.ips.flatMap(({ gateway }) => {
    const ip = parseIpv4(gateway ?? '');
    return ip === undefined ? [] : [{ bridge, ip, mac, since, owner: `the gateway ${bridge}` }];
  });
}

function keyOf(bridge: string, ip: Ipv4): string {
  return `${bridge} ${ip}`;
}
