// Pure: on whose behalf a request is answered (metadata reference, section 7): the peer of the connection, and behind a
// configured proxy the address that the proxy names.
import { type Ip, parseIp } from '../shared/model/ip.ts';
import { type Cidr4, contains, parseCidr4 } from '../shared/model/ipv4.ts';

/** `ip` or `ip/prefix`, as the configuration has checked them. */
export function parseTrusted(texts: readonly string[]): Cidr4[] {
  return texts.flatMap((text) => parseCidr4(text.includes('/') ? text : `${text}/32`) ?? []);
}

export function isTrusted(trusted: readonly Cidr4[], peer: Ip): boolean {
  return typeof peer === 'number' && trusted.some((range) => contains(range, peer));
}

/** The peer's address; IPv4 inside IPv6 counts as IPv4. */
export function parsePeer(text: string | undefined): Ip | undefined {
  return text === undefined ? undefined : parseIp(text.replace(/^::ffff:(?=[\d.]+$)/i, ''));
}

/**
 * The address whose `self` is shown. Only a trusted peer may name another one: the last in the list that is not a trusted
 * proxy itself. Undefined is nobody in particular.
 */
export function callerOf(peer: Ip, forwarded: string | undefined, trusted: readonly Cidr4[]): Ip | undefined {
  if (forwarded === undefined || forwarded.trim() === '' || !isTrusted(trusted, peer)) return peer;
  const hops = forwarded.split(',').map((hop) => parsePeer(hop.trim()));
  const untrusted = hops.findLastIndex((hop) => hop === undefined || !isTrusted(trusted, hop));
  return hops[Math.max(untrusted, 0)];
}
