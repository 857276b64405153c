// The VXLAN driver: one device per network, per peer one forwarding entry, one neighbour and one route per block.
import type { Netlink } from '../../shared/effects/netlink.ts';
import { vtepName } from '../../shared/model/networks.ts';
import type { DriverWish, Outcome, OverlayDriver } from '../driver.ts';
import { mtuTo } from '../mtu.ts';
import type { OverlayNetwork } from '../overlay-network.ts';
import { type Applied, applySteps, type VxlanWrites } from './apply-steps.ts';
import { noteStep } from './note-step.ts';
import { noticesOf } from './notices.ts';
import { observeVxlan, type VxlanReads } from './observe-vxlan.ts';
import { planVxlan, type VxlanPlan } from './plan-vxlan.ts';
import { Settled } from './settled.ts';
import { describeStep, type EntryStep, type Step } from './steps.ts';
import type { HaveState, WantVtep } from './vtep-state.ts';
import { wantVtep } from './want-vtep.ts';

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
  const settled = new Settled();
  const wantsOf = (networks: readonly OverlayNetwork[], { facts }: DriverWish): WantVtep[] =>
    networks.map((network) => wantVtep(network, facts, proxies));
  const compare = async (wish: DriverWish): Promise<{ have: HaveState; plan: VxlanPlan }> => {
    const { networks, facts, complete } = wish;
    const part = known && settled.partOf(networks, facts);
    if (known && part) return { have: known, plan: planVxlan(wantsOf(part, wish), known, complete, true) };
    const wants = wantsOf(networks, wish);
    const before = doubts;
    const have = known && names === namesOf(wants) ? known : await observeVxlan(netlink, wants);
    settled.forget();
    known = before === doubts ? have : undefined;
    names = namesOf(wants);
    for (const { device } of have.vteps.values()) indexes.add(device.index);
    return { have, plan: planVxlan(wants, have, complete) };
  };
  const settle = ({ networks, facts, complete }: DriverWish, { faults }: VxlanPlan, isCertain: boolean): void => {
    if (isCertain && complete && faults.length === 0) settled.note(networks, facts);
    else settled.forget();
  };
  return {
    name: 'vxlan',
    secret: false,
    mtu: mtuTo,
    async keep(wish) {
      const { have, plan } = await compare(wish);
      if (plan.steps.length === 0) {
        settle(wish, plan, known !== undefined);
        return { done: [], writes: 0, faults: plan.faults, failed: [] };
      }
      const before = known && doubts;
      known = undefined; // until it is certain what was written
      const byName = new Map(have.devices.map(({ name, index }) => [name, index]));
      const applied = await applySteps(plan.steps, netlink, byName);
      const isCertain = before === doubts && applied.failed.length === 0 && plan.steps.every(isEntry);
      if (isCertain) {
        for (const step of plan.steps) if (isEntry(step)) noteStep(have, step);
        known = have;
      }
      settle(wish, plan, isCertain);
      const notices = noticesOf(applied, (name) => byName.get(name));
      return { ...outcomeOf(applied), ...(notices && { notices }), faults: plan.faults };
    },
    async diff(wish) {
      const wants = wantsOf(wish.networks, wish);
      return planVxlan(wants, await observeVxlan(netlink, wants), wish.complete).steps.map(describeStep);
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
