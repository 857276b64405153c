// A lab for a test: hosts with the whole suite on one etcd, made once for a file and gone with it, also when the test is killed.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { patience } from '../../../daemons/shared/effects/patience.ts';
import { pathsBelow } from '../../../daemons/shared/model/paths.ts';
import {
  dropContainer,
  type LabContainer,
  listContainers,
  startContainer,
} from '../../../daemons/supervisor/lab/containers.ts';
import { takeDown } from '../../../daemons/supervisor/lab/down.ts';
import { corralCommand, labEnvironment } from '../../../daemons/supervisor/lab/environment.ts';
import { makeFault } from '../../../daemons/supervisor/lab/faults.ts';
import { suiteStatus } from '../../../daemons/supervisor/lab/host-suite.ts';
import { type Lab, spaceOf } from '../../../daemons/supervisor/lab/lab-file.ts';
import { askMetadata, type LabReport, observeLab } from '../../../daemons/supervisor/lab/observe-lab.ts';
import {
  findHost,
  hostsOf,
  type LabOptions,
  labsDir,
  type PlannedHost,
  planLab,
} from '../../../daemons/supervisor/lab/plan-lab.ts';
import { isWell } from '../../../daemons/supervisor/lab/render-lab.ts';
import { enter } from '../../../daemons/supervisor/lab/spaces.ts';
import { bringUp } from '../../../daemons/supervisor/lab/up.ts';
import { type TestScope, until } from '../../netns/support/namespaces.ts';

export interface TestLab {
  readonly lab: Lab;
  readonly hosts: readonly PlannedHost[];
  /** Runs a command to its end on a host (`h1`, `switch`) or in a container (`h1/a1`); throws with its output when it fails. */
  run(where: string, ...command: string[]): string;
  /** Whether it ends well. */
  succeeds(where: string, ...command: string[]): boolean;
  /** Starts a command; ended with the test. Its output is kept. */
  start(t: TestScope, where: string, ...command: string[]): { child: ChildProcess; said(): string };
  /** `corral lab fault` in words. */
  fault(action: string, host?: string, daemon?: string): Promise<void>;
  addContainer(
    host: string,
    name: string,
    more?: { labels?: Record<string, string>; network?: string },
  ): Promise<LabContainer>;
  dropContainer(host: string, name: string): Promise<void>;
  /** Waits until containers of every host can join the network. */
  networkReady(network: string): Promise<void>;
  /** Of a container that the lab began with or that was added. */
  addressOf(host: string, name: string): string;
  /** The host's metadata, parsed; undefined where the path leads to nothing. */
  metadata<T>(host: string, path: string): Promise<T | undefined>;
  report(): Promise<LabReport>;
  /** The process of a daemon that is ready; undefined while it is not. */
  pidOf(host: string, daemon: string): Promise<number | undefined>;
  /** Waits until everything reaches everything. */
  well(ms?: number): Promise<void>;
}

export type TestLabOptions = Partial<Omit<LabOptions, 'name'>> & {
  readonly config?: (host: PlannedHost) => Readonly<Record<string, unknown>>;
};

/** Makes it and waits until all is well. */
export async function makeTestLab(t: TestScope, options: TestLabOptions = {}): Promise<TestLab> {
  await sweep();
  const { config, ...rest } = options;
  const name = `t${process.pid}-${randomBytes(3).toString('hex')}`;
  const plan = planLab({ hosts: 3, driver: 'vxlan', store: 'etcd', containers: 1, ipv6: false, ...rest, name });
  const end = (): Promise<unknown> => takeDown(name);
  const killed = (): void => void end().finally(() => process.exit(1));
  process.once('SIGTERM', killed);
  t.teardown(async () => {
    await end();
    process.off('SIGTERM', killed);
  });
  const lab = await bringUp(plan, { tell: () => {}, ...(config ? { config } : {}) });
  const made = testLab(lab);
  await made.well();
  return made;
}

/** Labs of tests that were killed hard. */
async function sweep(): Promise<void> {
  if (!existsSync(labsDir)) return;
  for (const name of readdirSync(labsDir)) {
    const pid = /^t(\d+)-[0-9a-f]{6}$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await takeDown(name);
  }
}

function testLab(lab: Lab): TestLab {
  const words = (
    where: string,
    command: readonly string[],
  ): { program: string; rest: string[]; env: NodeJS.ProcessEnv } => {
    const [host = '', container] = where.split('/');
    const [program = '', ...rest] = [...enter(spaceOf(lab, host), container), ...command];
    const root = host === 'switch' ? undefined : findHost(lab.plan, host).root;
    return { program, rest, env: { ...labEnvironment(root), LC_ALL: 'C' } };
  };
  return {
    lab,
    hosts: hostsOf(lab.plan),
    run(where, ...command) {
      const { program, rest, env } = words(where, command);
      return execFileSync(program, rest, {
        encoding: 'utf8',
        timeout: 60_000 * patience,
        maxBuffer: 256 << 20, // a listed capture is long where hosts are slow
        stdio: ['ignore', 'pipe', 'pipe'],
        env,
      });
    },
    succeeds(where, ...command) {
      try {
        this.run(where, ...command);
        return true;
      } catch {
        return false;
      }
    },
    start(t, where, ...command) {
      const { program, rest, env } = words(where, command);
      const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          text += chunk;
        });
      }
      t.teardown(() => void (child.exitCode === null && child.kill('SIGTERM')));
      return { child, said: () => text };
    },
    async fault(action, host, daemon) {
      await makeFault(lab, { action, host, daemon });
    },
    addContainer: (host, name, more = {}) =>
      startContainer(findHost(lab.plan, host), spaceOf(lab, host), {
        name,
        labels: more.labels ?? {},
        publish: [],
        network: more.network,
        command: [],
      }),
    dropContainer: (host, name) => dropContainer(findHost(lab.plan, host), spaceOf(lab, host), name),
    async networkReady(network) {
      for (const host of hostsOf(lab.plan)) {
        // The file comes last, behind the bridge and its way to the others.
        const file = `${pathsBelow(host.root).blocks}/${network}.json`;
        await until(60_000, `${host.name} has the network ${network}`, () => existsSync(file));
      }
    },
    addressOf(host, name) {
      const address = listContainers(findHost(lab.plan, host)).find((one) => one.name === name)?.address;
      if (!address) throw new Error(`${name} on ${host} has no address`);
      return address;
    },
    metadata: (host, path) => askMetadata(findHost(lab.plan, host), path),
    report: () => observeLab(lab),
    async pidOf(host, daemon) {
      const status = await suiteStatus(findHost(lab.plan, host));
      const found = status?.daemons.find(({ name }) => name === daemon);
      return found?.ready ? (found.pid ?? undefined) : undefined;
    },
    async well(ms = 90_000) {
      let last: LabReport | undefined;
      try {
        await until(ms, 'the lab is well', async () => {
          last = await observeLab(lab);
          return isWell(last);
        });
      } catch (cause) {
        throw new Error(`the lab is not well: ${JSON.stringify(last)}`, { cause });
      }
    },
  };
}

export { corralCommand };
