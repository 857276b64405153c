// Published ports: the first apply, one more, and a look that finds nothing to do; beside a bare iptables-restore of the five
// rules a port that Rancher's network-manager wrote, in the same run.
import { execFileSync } from 'node:child_process';
import { exec, makeNamespace, type Namespace } from '../netns/support/namespaces.ts';
import { median, renderFigures } from './figures.ts';
import type { Bench } from './main.ts';

interface Figures {
  readonly first: number;
  readonly firstStretch: number;
  readonly more: readonly number[];
  readonly moreStretch: number;
  readonly idle: readonly number[];
  readonly idleStretch: number;
}

const counts = [100, 1_000, 10_000];
const rounds = 3;

async function run(): Promise<void> {
  for (const count of counts) {
    const runs: { figures: Figures; bare: number; bareMore: number }[] = [];
    for (let round = 0; round < rounds; round += 1) runs.push(await measure(count));
    const of = (read: (one: (typeof runs)[number]) => number): number[] => runs.map(read);
    const ratio = median(of(({ figures, bare }) => figures.first / bare));
    console.log(`\n${count} ports`);
    console.log(
      `  first apply           ${renderFigures(
        of(({ figures }) => figures.first),
        'ms',
      )}, ${ratio.toFixed(2)} × bare`,
    );
    console.log(
      `  bare, five a port     ${renderFigures(
        of(({ bare }) => bare),
        'ms',
      )}`,
    );
    console.log(
      `  one more port         ${renderFigures(
        runs.flatMap(({ figures }) => [...figures.more]),
        'ms',
      )}`,
    );
    console.log(
      `  bare, all once more   ${renderFigures(
        of(({ bareMore }) => bareMore),
        'ms',
      )}`,
    );
    console.log(
      `  look, nothing to do   ${renderFigures(
        runs.flatMap(({ figures }) => [...figures.idle]),
        'ms',
      )}`,
    );
    const stretches = (['firstStretch', 'moreStretch', 'idleStretch'] as const).map((name) =>
      median(of(({ figures }) => figures[name])).toFixed(0),
    );
    console.log(`  longest loop stretch  ${stretches.join(', ')} ms (first, one more, look)`);
  }
}

async function measure(count: number): Promise<{ figures: Figures; bare: number; bareMore: number }> {
  const undo: (() => void | Promise<void>)[] = [];
  const scope = { teardown: (work: () => void | Promise<void>) => void undo.unshift(work) };
  try {
    const [ours, theirs] = [makeNamespace(scope, 'bp'), makeNamespace(scope, 'bo')];
    exec(ours, 'ip', ['link', 'add', 'corral0', 'type', 'bridge']);
    exec(ours, 'ip', ['address', 'add', '10.42.7.1/24', 'dev', 'corral0']);
    exec(ours, 'ip', ['link', 'set', 'corral0', 'up']);
    const bare = restore(theirs, originals(count));
    const bareMore = restore(theirs, originals(count + 1));
    const child = new URL('./support/ports-child.ts', import.meta.url).pathname;
    const out = execFileSync('ip', ['netns', 'exec', ours.name, process.execPath, child, String(count)], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    return { figures: JSON.parse(out) as Figures, bare, bareMore };
  } finally {
    for (const work of undo) await work();
  }
}

function restore(ns: Namespace, payload: string): number {
  const begun = performance.now();
  exec(ns, 'iptables-restore', ['-n', '-w'], payload);
  return performance.now() - begun;
}

/** What Rancher's network-manager v0.7 rendered for `count` ports; it rewrote all of it with each change. */
function originals(count: number): string {
  const [raw, nat]: [string[], string[]] = [[], []];
  for (let at = 0; at < count; at += 1) {
    const to = `10.42.${(at >> 9) + 8}.${(at >> 1) & 255}`;
    const port = 10_000 + at;
    raw.push(`-A CATTLE_RAW_PREROUTING ! -i corral0 -p tcp --dport ${port} -j MARK --set-mark 4200`);
    nat.push(
      `-A CATTLE_PREROUTING ! -i corral0 -p tcp --dport ${port} -j DNAT --to ${to}:80`,
      `-A CATTLE_PREROUTING -p tcp -m tcp --dport ${port} -m addrtype --dst-type LOCAL -j DNAT --to-destination ${to}:80`,
      `-A CATTLE_OUTPUT -p tcp -m tcp --dport ${port} -m addrtype --dst-type LOCAL -j DNAT --to-destination ${to}:80`,
      `-A CATTLE_HOSTPORTS_POSTROUTING -s ${to} -d ${to} -p tcp -m tcp --dport 80 -j MASQUERADE`,
    );
  }
  const chains = ['CATTLE_PREROUTING', 'CATTLE_OUTPUT', 'CATTLE_HOSTPORTS_POSTROUTING'];
  return [
    '*raw',
    ':CATTLE_RAW_PREROUTING -',
    ...raw,
    'COMMIT',
    '*nat',
    ...chains.map((chain) => `:${chain} -`),
    ...nat,
    'COMMIT',
    '',
  ].join('\n');
}

export default { describe: 'Published ports, in namespaces of their own', run } satisfies Bench;
