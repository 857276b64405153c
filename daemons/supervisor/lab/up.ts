// Makes a lab from nothing: the switch, the store, and the hosts, several at a time. Whatever fails, nothing is left.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { patience } from '../../shared/effects/patience.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { pathsBelow } from '../../shared/model/paths.ts';
import { type LabContainer, startContainer } from './containers.ts';
import { takeDown } from './down.ts';
import { labEnvironment } from './environment.ts';
import { startSuite, suiteReady } from './host-suite.ts';
import { hostConfig, hostResolvConf, hostsFile } from './lab-config.ts';
import { type Lab, lockLab, spaceOf, writeLabFile } from './lab-file.ts';
import { controlSocket, outsideProgram } from './outside.ts';
import { etcdEndpoint, hostsOf, type LabPlan, outside, type PlannedHost, switchName, underlay } from './plan-lab.ts';
import { findSpaces, makeSpace, type Space, startIn } from './spaces.ts';
import { startStore } from './store.ts';
import { eachOf, until } from './until.ts';
import { wireHost, wireSwitch } from './wire.ts';

export interface UpOptions {
  /** One line for people. */
  readonly tell: (line: string) => void;
  /** Further keys of each host's corral.yaml. */
  readonly config?: (host: PlannedHost) => Readonly<Record<string, unknown>>;
}

/** Hosts that start at the same time: five daemons each keep the cores busy. A slow machine is not made slower. */
const atOnce = patience > 1 ? 1 : Math.max(2, availableParallelism() * 2);
const suiteMs = 120_000;

/** @throws SuiteError ALREADY_RUNNING, COMMAND_*, NOT_READY; the lab is gone again then */
export async function bringUp(plan: LabPlan, options: UpOptions): Promise<Lab> {
  const lock = lockLab(plan.name);
  try {
    if (findSpaces(plan.name).length > 0) {
      throw new SuiteError('ALREADY_RUNNING', `start the lab ${plan.name}: it runs`, {
        hint: 'See corral lab status; corral lab down ends it; --name L makes another',
      });
    }
    try {
      return await make(plan, options);
    } catch (error) {
      await takeDown(plan.name);
      throw error;
    }
  } finally {
    lock.release();
  }
}

async function make(plan: LabPlan, { tell, config }: UpOptions): Promise<Lab> {
  await takeDown(plan.name); // what a crash or a reboot left
  writeLabFile(plan);
  const spaces = new Map<string, Space>();
  const toSwitch = await makeSpace(plan, switchName);
  spaces.set(switchName, toSwitch);
  await wireSwitch(toSwitch);
  startOutside(plan, toSwitch);
  await until(20_000, 'start the world outside', () => existsSync(controlSocket(plan.dir)));
  tell(`switch  bridge at ${underlay.router}; the world outside is ${outside.address} (${outside.name})`);
  if (plan.store === 'etcd') {
    await startStore(plan, toSwitch);
    tell(`store   etcd at ${etcdEndpoint}`);
  }
  const lab: Lab = { plan, spaces };
  await eachOf(hostsOf(plan), atOnce, async (host) => {
    const began = performance.now();
    spaces.set(host.name, await makeHost(plan, host, toSwitch, config?.(host)));
    startSuite(host, spaceOf(lab, host.name));
    await suiteReady(host, suiteMs);
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    const made = await startContainers(lab, host);
    const names = made.map(({ name, address }) => `${name} ${address}`).join(', ');
    tell(`${host.name.padEnd(6)}  ${host.address} ready in ${seconds} s${names && `; containers ${names}`}`);
  });
  return lab;
}

async function makeHost(
  plan: LabPlan,
  host: PlannedHost,
  toSwitch: Space,
  more: Readonly<Record<string, unknown>> | undefined,
): Promise<Space> {
  const { config } = pathsBelow(host.root);
  mkdirSync(config.slice(0, config.lastIndexOf('/')), { recursive: true });
  writeFileSync(config, hostConfig(plan, host, more, patience));
  writeFileSync(`${host.root}/hostname`, `${host.name}\n`);
  writeFileSync(`${host.root}/hosts`, hostsFile(plan));
  writeFileSync(`${host.root}/resolv.conf`, hostResolvConf());
  const space = await makeSpace(plan, host.name);
  await wireHost(host, space, toSwitch);
  return space;
}

async function startContainers(lab: Lab, host: PlannedHost): Promise<LabContainer[]> {
  const made: LabContainer[] = [];
  for (const name of host.containers) {
    const wish = { name, labels: {}, publish: [], network: undefined, command: [] };
    made.push(await startContainer(host, spaceOf(lab, host.name), wish));
  }
  return made;
}

function startOutside(plan: LabPlan, space: Space): void {
  const command = [process.execPath, outsideProgram, plan.dir];
  startIn(space, command, { env: labEnvironment(), log: `${plan.dir}/outside.log` });
}
