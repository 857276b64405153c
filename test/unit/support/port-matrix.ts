// The packet matrix of published ports: who asks, by which protocol, on any or on one address, before and after the container
// was made anew; and which address the container sees then. Traced through the rules by a unit test, and sent for real by a
// namespace test: both take their cells from here.
import type { Journey } from './packet-tracer.ts';

export interface Cell {
  readonly name: string;
  readonly who: (typeof askers)[number]['who'];
  readonly protocol: 'tcp' | 'udp';
  readonly when: 'first' | 'again';
  /** Device of the host by which the question comes; undefined for the host itself. */
  readonly device: string | undefined;
  readonly source: string;
  readonly dst: string;
  readonly dport: number;
  /** The container's address. */
  readonly container: string;
  readonly targetPort: number;
  /** As the container's record has it. */
  readonly port: string;
  /** The address that the container sees, or `refused` if the host has nothing there. */
  readonly sees: string;
}

/** The host's address on its LAN; 10.42.7.1 on the bridge. */
const host = '192.0.2.1';
const bridge = '10.42.7.1';
const addresses = { first: '10.42.7.9', again: '10.42.7.11' } as const;

const askers = [
  { who: 'outside', name: 'from outside', device: 'eth0', source: '198.51.100.9' },
  { who: 'loopback', name: 'the host by 127.0.0.1', device: undefined, source: '127.0.0.1' },
  { who: 'host', name: 'the host by its address', device: undefined, source: host },
  { who: 'sibling', name: 'a sibling', device: 'corral0', source: '10.42.7.10' },
  { who: 'itself', name: 'the container itself', device: 'corral0', source: undefined },
  { who: 'other', name: 'another host', device: 'eth0', source: '192.0.2.2' },
] as const;

/** One bind each, so that all ports can be published at once. */
const binds = [
  { name: 'any address', ip: '0.0.0.0', hostPort: 8080, targetPort: 80 },
  { name: 'one address', ip: host, hostPort: 9090, targetPort: 90 },
] as const;

export const matrix: readonly Cell[] = (['first', 'again'] as const).flatMap((when) =>
  binds.flatMap((bind) =>
    (['tcp', 'udp'] as const).flatMap((protocol) =>
      askers.map(({ who, name, device, source = addresses[when] }): Cell => {
        const dst = who === 'loopback' ? '127.0.0.1' : host;
        return {
          name: `${name}, ${protocol}, ${bind.name}${when === 'again' ? ', re-created' : ''}`,
          who,
          protocol,
          when,
          device,
          source,
          dst,
          dport: bind.hostPort,
          container: addresses[when],
          targetPort: bind.targetPort,
          port: `${bind.ip}:${bind.hostPort}:${bind.targetPort}/${protocol}`,
          sees: dst === '127.0.0.1' && bind.ip !== '0.0.0.0' ? 'refused' : seen(who, source),
        };
      }),
    ),
  ),
);

/** Only who would never get the answer otherwise loses his address. */
function seen(who: Cell['who'], source: string): string {
  return who === 'loopback' || who === 'sibling' || who === 'itself' ? bridge : source;
}

/** What the cell's asker meets, by the tracer. */
export function verdictOf(cell: Cell, journey: Journey): string {
  if (journey.to !== `${cell.container}:${cell.targetPort}`) return journey.out === undefined ? 'refused' : journey.to;
  if (cell.device !== undefined && journey.verdict !== 'accept') return journey.verdict;
  return journey.masqueraded ? bridge : cell.source;
}
