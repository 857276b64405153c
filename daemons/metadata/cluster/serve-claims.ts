// Blocks and addresses for this host's daemons: POST and DELETE /v1/blocks, GET, POST and DELETE /v1/addresses. Claims are
// exclusive in the whole cluster; without the store nothing new is claimed (503).
import type { Context, Route } from '../../shared/daemon/http.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import {
  type Cidr4,
  contains,
  type Ipv4,
  parseCidr4,
  parseIpv4,
  renderCidr4,
  renderIpv4,
} from '../../shared/model/ipv4.ts';
import { subnetOf } from '../../shared/model/networks.ts';
import { eachInSlices } from '../../shared/reconcile/in-slices.ts';
import { isClaimable } from '../store/choose.ts';
import type { AddressClaim } from '../store/store.ts';
import { bodyOf, networkOf, type ServeContext, textOf } from './serve-context.ts';

/** Who asks for more blocks sooner than that has not seen the last one yet. */
const sameBlockMs = 5_000;
const maxExclude = 4_096;

export function claimRoutes(context: ServeContext): Route[] {
  const latest = new Map<string, { block: Cidr4; at: number }>();
  const blocks = /^\/v1\/blocks$/;
  const addresses = /^\/v1\/addresses$/;
  return [
    { method: 'POST', path: blocks, handle: (http) => claimBlock(http, context, latest) },
    { method: 'DELETE', path: blocks, handle: (http) => releaseBlock(http, context) },
    { method: 'POST', path: addresses, handle: (http) => claimAddress(http, context) },
    { method: 'DELETE', path: addresses, handle: (http) => releaseAddress(http, context) },
    { method: 'GET', path: addresses, handle: (http) => listAddresses(http, context) },
  ];
}

async function claimBlock(
  http: Context,
  context: ServeContext,
  latest: Map<string, { block: Cidr4; at: number }>,
): Promise<void> {
  const network = networkOf(context, textOf(await bodyOf(http), 'network'));
  if (network.blocks === 'none') throw flat(network.name, 'has no blocks');
  const known = latest.get(network.name);
  if (known && performance.now() - known.at < sameBlockMs) {
    http.body = { cidr: renderCidr4(known.block) };
    return;
  }
  const block = await context.store.claimAnother(network.name, subnetOf(network), network.block);
  latest.set(network.name, { block, at: performance.now() });
  context.poke();
  http.body = { cidr: renderCidr4(block) };
}

async function releaseBlock(http: Context, context: ServeContext): Promise<void> {
  const body = await bodyOf(http);
  const network = networkOf(context, textOf(body, 'network'));
  const block = parseCidr4(textOf(body, 'cidr'));
  if (!block) throw new SuiteError('USAGE', 'give a block back', { hint: 'cidr is a range such as 10.42.3.0/24' });
  const cidr = renderCidr4(block);
  const [first] = await context.store.blocks(network.name);
  if (first && renderCidr4(first) === cidr) {
    throw new SuiteError('SUBNET_IN_USE', `give ${cidr} back: it is the first of this host and holds the gateway`);
  }
  const { snapshot } = context.state;
  for (const container of snapshot.all('container')) {
    if (container.hostId !== snapshot.hostId || container.network !== network.name) continue;
    if (!container.ips.some((ip) => isInside(block, ip))) continue;
    throw new SuiteError('SUBNET_IN_USE', `give ${cidr} back: ${container.name} has an address of it`);
  }
  const released = await context.store.releaseBlock(network.name, block);
  context.poke();
  http.body = { released };
}

async function claimAddress(http: Context, context: ServeContext): Promise<void> {
  const body = await bodyOf(http);
  const network = networkOf(context, textOf(body, 'network'));
  const owner = textOf(body, 'owner');
  const subnet = subnetOf(network);
  const ip = body.ip === null || body.ip === undefined ? undefined : addressOf(body.ip);
  if (ip === undefined && network.blocks !== 'none') {
    throw flat(network.name, 'has blocks, from which its hosts take addresses themselves; name one outside of them');
  }
  if (ip !== undefined && !isClaimable(subnet, ip)) {
    throw new SuiteError('USAGE', `claim ${String(body.ip)}: no address for a container of ${network.subnet}`, {
      hint: 'the first address is the gateway, the last one the broadcast address',
    });
  }
  const user = ip === undefined || network.blocks === 'none' ? undefined : await userOf(context, network.name, ip);
  if (user) return refuse(http, context, { network: network.name, ip: renderIpv4(ip!), ...user });
  const wish = { network: network.name, subnet, owner, ip, exclude: excluded(body.exclude) };
  const claim = await context.store.claimAddress(wish);
  if (claim.owner === owner && claim.hostId === context.store.identity.hostId) {
    http.body = { ip: claim.ip };
    return;
  }
  refuse(http, context, claim);
}

function refuse(http: Context, { state }: ServeContext, { network, ip, owner, hostId }: AddressClaim): void {
  const host = state.snapshot.get('host', hostId)?.name ?? null;
  http.status = 409;
  http.body = {
    code: 'ADDRESS_TAKEN',
    message: `claim ${ip} in ${network}: ${owner} on ${host ?? hostId} has it`,
    hint: null,
    owner,
    hostId,
    host,
  };
}

type AddressUser = Pick<AddressClaim, 'owner' | 'hostId'>;

/** Another host's container that has the address without a claim: it is of a block of that host. */
async function userOf({ state }: ServeContext, network: string, ip: Ipv4): Promise<AddressUser | undefined> {
  const text = renderIpv4(ip);
  let found: AddressUser | undefined;
  await eachInSlices(state.snapshot.all('container'), (one) => {
    if (one.network !== network || one.hostId === state.snapshot.hostId || one.state === 'stopped') return;
    if (one.ips.includes(text)) found = { owner: one.name, hostId: one.hostId };
  });
  return found;
}

async function releaseAddress(http: Context, context: ServeContext): Promise<void> {
  const body = await bodyOf(http);
  const [network, ip, owner] = ['network', 'ip', 'owner'].map((field) => textOf(body, field)) as [
    string,
    string,
    string,
  ];
  http.body = { released: await context.store.releaseAddress(network, ip, owner) };
}

async function listAddresses(http: Context, context: ServeContext): Promise<void> {
  const claims = await context.store.addresses(String(http.query.network ?? ''));
  http.body = claims.map(({ ip, owner, hostId }) => ({ ip, owner, hostId }));
}

function flat(name: string, why: string): SuiteError {
  return new SuiteError('USAGE', `claim for ${name}: the network ${why}`);
}

function addressOf(value: unknown): Ipv4 {
  const ip = typeof value === 'string' ? parseIpv4(value) : undefined;
  if (ip === undefined) throw new SuiteError('USAGE', `read the address ${JSON.stringify(value)?.slice(0, 80)}`);
  return ip;
}

function excluded(value: unknown): ReadonlySet<Ipv4> {
  if (value === undefined || value === null) return new Set();
  if (!Array.isArray(value) || value.length > maxExclude)
    throw new SuiteError('USAGE', 'read exclude', { hint: `a list of at most ${maxExclude} addresses` });
  return new Set(value.map(addressOf));
}

function isInside(block: Cidr4, text: string): boolean {
  const ip = parseIpv4(text);
  return ip !== undefined && contains(block, ip);
}
