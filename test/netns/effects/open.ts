// A namespace of its own for a test, and a Netlink inside it.
import { type Netlink, openNetlink } from '../../../daemons/shared/effects/netlink.ts';
import { openNetns } from '../../../daemons/shared/effects/netns.ts';
import { type Ipv4, parseIpv4 } from '../../../daemons/shared/model/ipv4.ts';
import { makeNamespace, type Namespace, type TestScope } from '../support/namespaces.ts';

export function openIn(t: TestScope, prefix: string): { ns: Namespace; nl: Netlink } {
  const ns = makeNamespace(t, prefix);
  const handle = openNetns(ns.path);
  const nl = openNetlink(handle);
  handle.close(); // the sockets stay in their namespace without it
  t.teardown(() => nl.close());
  return { ns, nl };
}

export function ip4(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return address;
}
