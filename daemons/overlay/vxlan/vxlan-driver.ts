// The VXLAN driver: one device per network, per peer one forwarding entry, one neighbour and one route per block.
import type { Netlink } from '../../shared/effects/netlink.ts';
import { vtepName } from '../../shared/model/networks.ts';
import type { DriverWish, Outcome, OverlayDriver } from '../driver.ts';
import { type Applied, applySteps, type VxlanWrites } from './apply-steps.ts';
import { noteStep } from './note-step.ts';
import { noticesOf } from './notices.ts';
import { observeVxlan, type VxlanReads } from './observe-vxlan.ts';
import { planVxlan, type VxlanPlan } from './plan-vxlan.ts';
import { describeStep, type EntryStep, type Step } from './steps.ts';
import type { HaveState, WantVtep } from './vtep-state.ts';
import { mtuTo, wantVtep } from './want-vtep.ts';

/** A log line with a thousand entries tells no more than one with some. */
const mostLines = 20;

/** @param proxies see `wantVtep` */
export function vxlanDriver(
  netlink: Pick<Netlink, keyof VxlanReads | keyof VxlanWrites>,
  proxies = true,
): OverlayDriver {
  /** What the kernel holds as far as this process knows; undefined: to be read. */
  let known: HaveState | undefined;
  let names = '';
  /** Counts doubts: what was read or written while one came is not known for certain. */
  let doubts = 0;
  /** Of devices that were ever seen as ours: a notice that one is gone comes after it went. */
  const indexes = new Set<number>();
  const compare = async ({ networks, facts, complete }: DriverWish): Promise<{ have: HaveState; plan: VxlanPlan }> => {
    const wants = networks.map((network) => wantVtep(network, facts, proxies));
    const before = doubts;
    const have = known && names === namesOf(wants) ? known : await observeVxlan(netlink, wants);
    known = before === doubts ? have : undefined;
    names = namesOf(wants);
    for (const { device } of have.vteps.values()) indexes.add(device.index);
    return { have, plan: planVxlan(wants, have, complete) };
  };
  return {
    name: 'vxlan',
    secret: false,
    mtu: mtuTo,
    async keep(wish) {
      const { have, plan } = await compare(wish);
      if (plan.steps.length === 0) return { done: [], writes: 0, faults: plan.faults, failed: [] };
      const before = known && doubts;
      known = undefined; // until it is certain what was written
      const byName = new Map(have.devices.map(({ name, index }) => [name, index]));
      const applied = await applySteps(plan.steps, netlink, byName);
      if (before === doubts && applied.failed.length === 0 && plan.steps.every(isEntry)) {
        for (const step of plan.steps) if (isEntry(step)) noteStep(have, step);
        known = have;
      }
      const notices = noticesOf(applied, (name) => byName.get(name));
      return { ...outcomeOf(applied), ...(notices && { notices }), faults: plan.faults };
    },
    async diff(wish) {
      known = undefined;
      return (await compare(wish)).plan.steps.map(describeStep);
    },
    doubt() {
      doubts += 1;
      known = undefined;
    },
    owns: (index) => indexes.has(index),
    devices: ({ vni }) => [vtepName(vni)],
  };
}

function namesOf(wants: readonly WantVtep[]): string {
  return wants.map(({ name, sysctls, bridgeSysctls }) => `${name} ${sysctls.size} ${bridgeSysctls.size}`).join(',');
}

function isEntry(step: Step): step is EntryStep {
  return !['create', 'alter', 'retune', 'address', 'sysctl', 'drop-device'].includes(step.do);
}

function outcomeOf({ done, failed }: Applied): Omit<Outcome, 'faults'> {
  const lines = done.slice(0, mostLines).map(describeStep);
  return {
    done: done.length > mostLines ? [...lines, `and ${done.length - mostLines} more`] : lines,
    writes: done.length,
    failed: failed.map(({ step, error }) => ({ text: describeStep(step), error })),
  };
}
