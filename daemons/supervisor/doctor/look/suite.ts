// Evidence about the daemons: their status, versions, logs and descriptors.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { version } from '../../../shared/daemon/version.ts';
import { readText } from '../../../shared/effects/files.ts';
import { hasCode } from '../../../shared/model/errors.ts';
import { type DaemonName, daemonSocket } from '../../../shared/model/paths.ts';
import { callJson } from '../../../shared/source/call.ts';
import { lastLines, logNames } from '../../logs/read-back.ts';
import type { Check } from '../check.ts';
import {
  type Descriptors,
  judgeDaemons,
  judgeDescriptors,
  judgeDifference,
  judgeLogErrors,
  judgeVersions,
} from '../judge/suite.ts';
import { askMs, type Scene } from '../scene.ts';
import { counted, pass, skip, type Verdict } from '../verdict.ts';

const configuration: Check = {
  id: 'configuration',
  title: 'corral.yaml is understood',
  look: (scene) => {
    const { networks } = scene.configured();
    return pass(`${scene.paths.config}: ${counted(networks.length, 'network')}`);
  },
};

const daemons: Check = {
  id: 'daemons',
  title: 'every daemon is ready',
  look: async (scene) => judgeDaemons(await scene.suite()),
};

const versions: Check = {
  id: 'versions',
  title: 'all daemons are of one version',
  look: async (scene) => judgeVersions(await scene.suite(), version),
};

type Keepers = readonly { readonly keeper: string; readonly changes: readonly string[] }[];

/** What just changed may be on its way: only a difference that stays is one. */
const patienceMs = 2_500;

const wantedState: Check = {
  id: 'wanted-state',
  title: 'bridges, rules, routes and tunnels are as wanted',
  look: async (scene) => {
    const first = await differenceOf(scene);
    if (first === undefined) return skip('neither network-manager nor overlay runs');
    if (first.every(({ changes }) => changes.length === 0)) return judgeDifference(first);
    await sleep(patienceMs);
    return judgeDifference((await differenceOf(scene)) ?? first);
  },
};

async function differenceOf({ paths }: Scene): Promise<Keepers | undefined> {
  const ask = async (daemon: DaemonName): Promise<Keepers | undefined> => {
    try {
      const socket = daemonSocket(paths, daemon);
      return (await callJson<{ keepers: Keepers }>(socket, '/v1/diff', { timeoutMs: askMs })).keepers;
    } catch (error) {
      if (hasCode(error, 'NOT_RUNNING', 'DEADLINE', 'NOT_READY')) return undefined; // the check of the daemons tells
      throw error;
    }
  };
  const [own, overlay] = await Promise.all([ask('network-manager'), ask('overlay')]);
  return own || overlay ? [...(own ?? []), ...(overlay ?? [])] : undefined;
}

const hourMs = 3_600_000;
const mostErrors = 1_000;

const logErrors: Check = {
  id: 'log-errors',
  title: 'no error in the logs of the last hour',
  look: ({ paths }) => {
    const sinceMs = Date.now() - hourMs;
    const lines = logNames(paths.logs)
      .flatMap((name) => lastLines(`${paths.logs}/${name}.log`, name, mostErrors, { level: 'error', sinceMs }))
      .filter(({ level }) => level !== null)
      .sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1));
    return judgeLogErrors(lines);
  },
};

const descriptors: Check = {
  id: 'descriptors',
  title: 'daemons may open enough files and connections',
  look: async (scene): Promise<Verdict> => {
    const { daemons: seen } = await scene.suite();
    return judgeDescriptors(seen.flatMap(({ name, pid }) => (pid === null ? [] : descriptorsOf(name, pid))));
  },
};

function descriptorsOf(name: string, pid: number): Descriptors[] {
  try {
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readText(`/proc/${pid}/limits`))?.[1];
    const open = readdirSync(`/proc/${pid}/fd`).length;
    return [{ name, open, limit: limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit) }];
  } catch {
    return []; // it ends at this moment
  }
}

export const suiteChecks: readonly Check[] = [configuration, daemons, versions, wantedState, logErrors, descriptors];
