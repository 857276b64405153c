// A router between two switches, which can translate addresses as home routers and clouds do: what comes from the far side has
// the router's own address and a port of its choice, and nobody on the near side can begin.
import { connect, exec, makeNamespace, type Namespace, type TestScope } from '../../support/namespaces.ts';
import type { Host } from './hosts.ts';

/** Address of a host on the far side. */
export const farAddress = (number: number): string => `192.168.60.${10 + number}`;

export interface Router {
  readonly ns: Namespace;
  /** From now on the far side is behind ports of this range, and what was agreed before is forgotten. */
  translate(firstPort: number, lastPort: number): void;
  /** From now on it passes everything on as it is. */
  open(): void;
}

/** Its devices are `near` and `far`. */
export function makeRouter(t: TestScope, near: Namespace, far: Namespace): Router {
  const ns = makeNamespace(t, 'rt');
  for (const [sw, device, address] of [
    [near, 'near', '192.168.50.1/24'],
    [far, 'far', '192.168.60.1/24'],
  ] as const) {
    connect({ ns: sw, device: 'router' }, { ns, device, address });
    exec(sw, 'ip', ['link', 'set', 'router', 'master', 'sw0']);
  }
  exec(ns, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  return {
    ns,
    translate(firstPort, lastPort) {
      const rules = [
        '*filter',
        '-A FORWARD -i near -o far -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP',
        'COMMIT',
        '*nat',
        `-A POSTROUTING -o near -p udp -j MASQUERADE --to-ports ${firstPort}-${lastPort}`,
        'COMMIT',
        '',
      ];
      exec(ns, 'iptables-restore', [], rules.join('\n'));
      exec(ns, 'conntrack', ['-F']);
    },
    open() {
      for (const table of ['filter', 'nat']) exec(ns, 'iptables', ['-t', table, '-F']);
      exec(ns, 'conntrack', ['-F']);
    },
  };
}

/** Gives the host its address on the far side, where its device is plugged in already. */
export function settleFar({ ns, number }: Host): void {
  exec(ns, 'ip', ['addr', 'flush', 'dev', 'eth0']);
  exec(ns, 'ip', ['addr', 'add', `${farAddress(number)}/24`, 'dev', 'eth0']);
  exec(ns, 'ip', ['route', 'add', 'default', 'via', '192.168.60.1']);
}

/** Lets a host on the near side answer those on the far one. */
export function settleNear({ ns }: Host): void {
  exec(ns, 'ip', ['route', 'add', '192.168.60.0/24', 'via', '192.168.50.1']);
}
