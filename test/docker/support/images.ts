// The suite's images on the engine of a test machine, and the suite as its containers.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestScope, until } from '../../netns/support/namespaces.ts';
import { packDebianBase } from './debian-base.ts';
import { type Machine, succeeds } from './machine.ts';
import { type DaemonStatus, repository } from './suite.ts';

const buildMs = 200_000;

/** Builds them all on a base made of this machine's packages; nothing is fetched. */
export function buildImages(t: TestScope, machine: Machine): void {
  const dir = mkdtempSync(join(tmpdir(), 'images-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'base'));
  const archive = packDebianBase(dir);
  machine.sh(`docker import - corral-base < ${archive} >/dev/null`, { timeoutMs: 60_000 });
  const options = ['--base', 'corral-base', '--network', 'none'];
  machine.run(`${repository}/scripts/build-images`, options, { timeoutMs: buildMs });
}

/** Of a container or an image, as the engine tells it. */
export function inspect<T>(machine: Machine, name: string): T {
  return JSON.parse(machine.run('docker', ['inspect', name]))[0] as T;
}

export interface ContainerFacts {
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Env: readonly string[];
    readonly Healthcheck?: { readonly Test: readonly string[] };
  };
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly State: { readonly Pid: number };
  readonly HostConfig: {
    readonly CapAdd: readonly string[] | null;
    readonly CapDrop: readonly string[] | null;
    readonly Privileged: boolean;
    readonly ReadonlyRootfs: boolean;
    readonly RestartPolicy: { readonly Name: string };
    readonly Binds: readonly string[];
  };
}

export function compose(machine: Machine, ...words: string[]): string {
  const file = ['-f', `${repository}/images/compose.yaml`, '--profile', 'ipsec'];
  return machine.run('docker-compose', [...file, ...words], { timeoutMs: 120_000 });
}

/** What `corral status --json` says, of the daemons without the supervisor. */
export function daemonsOf(machine: Machine, corral: string): DaemonStatus[] {
  const told: { daemons: DaemonStatus[] } = JSON.parse(
    machine.sh(`${corral} status --json || true`) || '{"daemons":[]}',
  );
  return told.daemons.filter(({ name }) => name !== 'supervisor');
}

/** Resolves when all four daemons are ready, or degraded by something outside. */
export async function allDaemonsReady(machine: Machine, corral: string): Promise<DaemonStatus[]> {
  let last: DaemonStatus[] = [];
  return until(60_000, 'all daemons are ready', () => {
    if (!succeeds(() => (last = daemonsOf(machine, corral)))) return undefined;
    const isReady = last.length === 4 && last.every(({ state }) => state === 'ready' || state === 'degraded');
    return isReady ? last : undefined;
  });
}

export interface Pings {
  /** Ends them and counts; what was on its way at that moment does not count. */
  stop(): Promise<{ sent: number; lost: number[] }>;
}

/** 500 a second from the namespace of a container. */
export async function startPings(machine: Machine, container: string, address: string): Promise<Pings> {
  const pid = inspect<ContainerFacts>(machine, container).State.Pid;
  const line = `echo $$ > /run/ping.pid; exec nsenter -t ${pid} -n ping -n -i 0.002 ${address} > /run/ping.log`;
  const ping = machine.start('sh', ['-c', line]);
  const said = (): string => machine.sh('cat /run/ping.log 2>/dev/null || true');
  await until(10_000, 'the first answer', () => said().includes('icmp_seq='));
  return {
    async stop() {
      machine.sh('kill -INT $(cat /run/ping.pid)');
      await until(10_000, 'ping ends', () => ping.exitCode !== null || ping.signalCode !== null);
      return countLosses(said());
    },
  };
}

/** From what ping(8) prints, whose sequence numbers have 16 bits. */
export function countLosses(text: string): { sent: number; lost: number[] } {
  const seen = [...text.matchAll(/icmp_seq=(\d+) /g)].map(([, seq]) => Number(seq));
  const lost = seen.flatMap((seq, at) => (at > 0 && seq !== (seen[at - 1]! + 1) % 65_536 ? [seq] : []));
  return { sent: seen.length, lost };
}
