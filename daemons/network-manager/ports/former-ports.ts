// Pure: which ports the rules that stand in the kernel publish. A daemon that starts learns from them what its predecessor had
// published, so that flows to a port that went meanwhile can be found.
import { type Ip, parseCidr } from '../../shared/model/ip.ts';
import { protocols } from '../../shared/model/ports.ts';
import type { SavedTables } from '../../shared/reconcile/iptables-save.ts';
import { keyOfPort } from './port-claims.ts';

const chain = /^CATTLE_HOSTPORTS_(?:TCP|UDP|SCTP)_\d+$/;
const form = /^(?:-d (\S+) )?-p (\S+) -m \S+ --dport (\d{1,5}) .*-j DNAT --to-destination (\[)?/;

/** Keys as claims have them (`tcp/0.0.0.0:8080`), of rules of ours alone. */
export function formerPorts(tables: SavedTables): Set<string> {
  const keys = new Set<string>();
  for (const [name, rules] of tables.get('nat') ?? []) {
    if (!chain.test(name)) continue;
    for (const { id, text } of rules) {
      const key = id === undefined ? undefined : keyOf(text);
      if (key !== undefined) keys.add(key);
    }
  }
  return keys;
}

function keyOf(rule: string): string | undefined {
  const [, to, name, port, isIpv6] = form.exec(rule) ?? [];
  const protocol = protocols.find((one) => one === name);
  const any = (isIpv6 ? 0n : 0) as Ip;
  const bind = to === undefined ? any : parseCidr(to.includes('/') ? to : `${to}/${isIpv6 ? 128 : 32}`)?.base;
  return protocol && bind !== undefined ? keyOfPort(protocol, bind, Number(port)) : undefined;
}
