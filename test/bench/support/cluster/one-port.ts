// A container that leaves and comes back with a port, beside all the others: until the port is in the rules, when nothing else
// changes and when one such change follows right after the other.
import { setTimeout as pause } from 'node:timers/promises';
import { callJson } from '../../../../daemons/shared/source/call.ts';
import { socketOn } from '../../../../daemons/supervisor/lab/host-suite.ts';
import type { TestLab } from '../../../cluster/support/lab.ts';
import { until } from '../../../netns/support/namespaces.ts';
import { renderFigures } from '../../figures.ts';

/** Looks that follow a change are over by then. */
const aloneMs = 2_000;
const timeoutMs = 30_000;
const firstPort = 8_000;

export async function measurePorts(lab: TestLab, changes: number): Promise<void> {
  const measure = async (from: number, restMs: number, name: string): Promise<void> => {
    const [gone, whole]: [number[], number[]] = [[], []];
    for (let at = 0; at < changes; at += 1) {
      const times = await comeBack(lab, from + at);
      gone.push(times.goneMs);
      whole.push(times.wholeMs);
      await pause(restMs);
    }
    console.log(`a container attached anew to its port in the rules, ${name} ${renderFigures(whole, 'ms')}`);
    console.log(`  of which it took to leave ${renderFigures(gone, 'ms')}`);
  };
  await measure(firstPort, aloneMs, 'nothing else changes');
  await measure(firstPort + changes, 0, 'one after the other');
}

async function comeBack(lab: TestLab, port: number): Promise<{ goneMs: number; wholeMs: number }> {
  const host = lab.hosts[0]!;
  const socket = socketOn(host, 'network-manager');
  const target = `/run/netns/${host.containers[0]}`;
  const began = performance.now();
  await callJson(socket, '/v1/detach', { body: { target }, timeoutMs });
  const goneMs = performance.now() - began;
  const body = { target, name: 'a1', publish: [`${port}:80`] };
  const attached = callJson(socket, '/v1/attach', { body, timeoutMs });
  await until(timeoutMs, 'the port is in the rules', () =>
    lab.run('h1', 'iptables-save', '-t', 'nat').includes(`--dport ${port} `),
  );
  const wholeMs = performance.now() - began;
  await attached;
  return { goneMs, wholeMs };
}
