// Many containers of a test machine at once: created, started, counted, removed.
import type { Machine } from './machine.ts';

const leases = '/run/corral/leases/corral';
/** Docker itself does not get faster by more. */
const atOnce = 16;

export interface Crowd {
  readonly count: number;
  /** Runs a line of shell for each of them, `$1` its number, several at once. */
  each(line: string): void;
  create(): void;
  start(): void;
  remove(): void;
  /** How many finished leases there are. */
  finished(): number;
  /** Leases, addresses that are taken, links on the host. */
  left(): { leases: number; addresses: number; links: number };
}

/** Containers `c-1` to `c-<count>`, which ask for the default network. */
export function crowdOf(machine: Machine, count: number): Crowd {
  const number = (line: string): number => Number(machine.sh(`${line} || true`).trim());
  const each = (line: string): void => {
    const work = `seq ${count} | xargs -P ${atOnce} -n 1 sh -c '${line}' -`;
    machine.sh(work, { timeoutMs: 300_000 });
  };
  const finished = (): number => number(`grep -l '"phase":"done"' ${leases}/attachments/*.json 2>/dev/null | wc -l`);
  return {
    count,
    each,
    create: () =>
      each(
        'docker create --net=none --name c-$1 --label io.rancher.container.network=true busybox sleep 3600 >/dev/null',
      ),
    start: () => each('docker start c-$1 >/dev/null'),
    remove: () => each('docker rm -f c-$1 >/dev/null'),
    finished,
    left: () => ({
      leases: finished(),
      addresses: number(`ls ${leases}/addresses | wc -l`),
      links: number('ip -o link show type veth | grep -c vethr'),
    }),
  };
}
