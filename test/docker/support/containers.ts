// Containers of a test machine's engines, as the engine, network-manager and metadata know them.
import { until } from '../../netns/support/namespaces.ts';
import type { TestDaemon } from './daemon.ts';
import type { Machine } from './machine.ts';

/** An attachment as network-manager lists it. */
export interface Attached {
  readonly id: string;
  readonly name: string;
  /** With prefix. */
  readonly address: string;
  readonly containerId: string;
  readonly netns: string;
}

/** The label by which a container asks for a network of ours. */
export const managed: readonly string[] = ['--label', 'io.rancher.container.network=true'];

/** Enough for an engine on a machine that others keep busy. */
const deadlineMs = 15_000;

export interface EngineClient {
  /** Starts a container that sleeps; returns its id. */
  run(name: string, options?: readonly string[], net?: string): string;
  /** Runs a line of shell in it. */
  inside(name: string, line: string): string;
  pidOf(name: string): string;
  /** Resolves when the run of the container that is under way is attached. */
  attached(manager: TestDaemon, name: string): Promise<Attached>;
}

export function engineClient(machine: Machine, program: 'docker' | 'podman'): EngineClient {
  return {
    run: (name, options = [], net = 'none') =>
      machine
        .run(program, ['run', '-d', `--net=${net}`, '--name', name, ...options, 'busybox', 'sleep', '3600'])
        .trim(),
    inside: (name, line) => machine.run(program, ['exec', name, 'sh', '-c', line], { timeoutMs: 15_000 }),
    pidOf: (name) => machine.sh(`${program} inspect -f {{.State.Pid}} ${name}`).trim(),
    attached(manager, name) {
      const netns = `/proc/${this.pidOf(name)}/ns/net`;
      return until(deadlineMs, `${name} is attached`, () =>
        listAttached(manager).find((one) => one.name === name && one.netns === netns),
      );
    },
  };
}

export function listAttached(manager: TestDaemon): readonly Attached[] {
  return manager.ask<{ attachments: Attached[] }>('/v1/attachments').attachments;
}

/** Number of our veths on the host's side. */
export function countVeths(machine: Machine): number {
  return Number(machine.sh('ip -o link show type veth | grep -c vethr || true').trim());
}

/** The containers as Rancher's clients see them. */
export function knownContainers(machine: Machine): Record<string, unknown>[] {
  const asks = ['-s', '-H', 'Accept: application/json', '--unix-socket', '/run/corral/metadata.sock'];
  const known: unknown = JSON.parse(machine.run('curl', [...asks, 'http://x/v1/tree/latest/containers']));
  return Array.isArray(known) ? known : [];
}

export function readiness(daemon: TestDaemon): string {
  return daemon.ask<{ state: string }>('/readyz').state;
}
