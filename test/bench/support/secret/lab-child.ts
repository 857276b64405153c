// Inside the virtual machine: two hosts of a lab with one network of each driver; containers carry TCP over each in turn. Prints one
// line of JSON, a `Sample` by driver.
import { readFileSync } from 'node:fs';
import { makeTestLab, type TestLab } from '../../../cluster/support/lab.ts';
import { type TestScope, until } from '../../../netns/support/namespaces.ts';
import type { Sample } from './sample.ts';

const [rounds = 0, seconds = 0, ...drivers] = process.argv
  .slice(2)
  .map((word) => (/^\d+$/.test(word) ? Number(word) : word));

/** Ticks of all processors that did something, and all ticks (proc_stat(5)). */
function processorTicks(): { busy: number; all: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, one) => sum + one, 0);
  return { busy: all - ticks[3]! - ticks[4]!, all };
}

async function measure(t: TestScope, lab: TestLab, driver: string): Promise<Sample> {
  const [from, to] = [`h1/${driver}-1`, `h2/${driver}-2`];
  const server = lab.start(t, to, 'iperf3', '-s', '-1');
  await until(30_000, 'iperf3 listens', () => lab.run(to, 'ss', '-ltn').includes(':5201'));
  const before = processorTicks();
  const text = lab.run(from, 'iperf3', '-c', lab.addressOf('h2', `${driver}-2`), '-t', String(seconds), '-J');
  const after = processorTicks();
  await until(30_000, 'iperf3 ends', () => server.child.exitCode !== null || server.child.signalCode !== null);
  const report = JSON.parse(text) as { end: { sum_received: { bits_per_second: number; bytes: number } } };
  const { bits_per_second: rate, bytes } = report.end.sum_received;
  const busySeconds = (after.busy - before.busy) / 100;
  return { mbitPerSecond: rate / 1e6, processorSecondsPerGbit: busySeconds / ((bytes * 8) / 1e9) };
}

async function main(): Promise<void> {
  const undo: (() => void | Promise<void>)[] = [];
  const scope: TestScope = { teardown: (work) => undo.unshift(work) };
  try {
    const networks = drivers.map((driver, at) => {
      return { name: driver, driver, subnet: `10.${60 + at}.0.0/16`, default: at === 0 };
    });
    const lab = await makeTestLab(scope, { hosts: 2, containers: 0, config: () => ({ networks }) });
    const samples: Record<string, Sample[]> = {};
    for (const driver of drivers as string[]) {
      await lab.networkReady(driver);
      for (const number of [1, 2]) await lab.addContainer(`h${number}`, `${driver}-${number}`, { network: driver });
      const there = lab.addressOf('h2', `${driver}-2`);
      await until(60_000, `${driver} carries`, () => lab.succeeds(`h1/${driver}-1`, 'ping', '-c1', '-W2', there));
      samples[driver] = [];
    }
    for (let round = 0; round < Number(rounds); round += 1) {
      for (const driver of drivers as string[]) samples[driver]!.push(await measure(scope, lab, driver));
    }
    console.log(JSON.stringify(samples));
  } finally {
    for (const work of undo) await work();
  }
}

await main();
