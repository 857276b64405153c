// The suite's state without a supervisor: each daemon is asked at its own socket.
import { version } from '../shared/daemon/version.ts';
import { daemonLog, daemonSocket, type Paths } from '../shared/model/paths.ts';
import { newChild } from './child.ts';
import { type DaemonStatus, describeDaemon, type SuiteStatus, worstOf } from './describe-status.ts';
import { followLife } from './follow-life.ts';
import { factsOf, identify } from './processes.ts';
import { type DaemonSpec, enabledDaemons } from './table.ts';

export async function askDaemons(paths: Paths, table: readonly DaemonSpec[], waitMs: number): Promise<SuiteStatus> {
  const asked = await Promise.all(enabledDaemons(table).map((spec) => askDaemon(spec, paths, waitMs)));
  const state = worstOf(asked.map((daemon) => daemon.state));
  return { state: state === 'ready' ? 'degraded' : state, version, launcher: null, daemons: [...asked, noSupervisor] };
}

const noSupervisor: DaemonStatus = {
  name: 'supervisor',
  state: 'absent',
  ready: false,
  conditions: [
    {
      name: 'process',
      ok: false,
      degradesOnly: true,
      code: 'NOT_RUNNING',
      text: 'no supervisor answers, so nobody would start the daemons again',
      hint: 'run corral up: it takes over those that run',
    },
  ],
  pid: null,
  uptime: null,
  restarts: 0,
  lastEnd: null,
  rss: null,
  pss: null,
  cpuPercent: null,
  cpuSeconds: null,
  version: null,
};

/** Takes the first lines of its life; what has said nothing in time counts as silent. */
async function askDaemon(spec: DaemonSpec, paths: Paths, waitMs: number): Promise<DaemonStatus> {
  const log = daemonLog(paths, spec.name);
  let child = newChild(0);
  let said: string | undefined;
  return new Promise((resolve) => {
    const done = (health?: Parameters<typeof describeDaemon>[0]['health']): void => {
      clearTimeout(timer);
      life.close();
      const facts = child.process && factsOf(child.process);
      resolve(describeDaemon({ name: spec.name, child, health, version: said, log }, facts));
    };
    const timer = setTimeout(() => done(), waitMs);
    const life = followLife(
      { socketPath: daemonSocket(paths, spec.name), pauseMs: () => waitMs },
      {
        nobody: () => done(),
        connected: (pid) => {
          child = { ...child, phase: 'silent', process: identify(pid) };
        },
        hello: (hello) => {
          said = hello.version;
          child = { ...child, phase: 'alive' };
        },
        beat: (health) => health && done(health),
        lost: () => done(),
      },
    );
  });
}
