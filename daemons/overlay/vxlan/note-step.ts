// Pure: what the kernel holds after entries were written, so that one change among a thousand peers needs no listing.
import type { EntryStep } from './steps.ts';
import { type HaveState, routeKey } from './vtep-state.ts';

/** Changes `have` in place. */
export function noteStep(have: HaveState, step: EntryStep): void {
  const vtep = have.vteps.get(step.device);
  switch (step.do) {
    case 'fdb':
      vtep?.fdb.set(step.mac, { dst: step.dst, permanent: true });
      return;
    case 'drop-fdb':
      vtep?.fdb.delete(step.mac);
      return;
    case 'neighbour':
      vtep?.neighbours.set(step.address, { mac: step.mac, permanent: true });
      return;
    case 'drop-neighbour':
      vtep?.neighbours.delete(step.address);
      return;
    case 'route': {
      const { dst, via, src, mtu, direct } = step.route;
      const index = direct ?? vtep?.device.index;
      have.routes.set(routeKey(dst), {
        dst,
        via,
        ...(index === undefined ? {} : { index }),
        ...(direct === undefined ? { onlink: true } : {}),
        ...(src === undefined ? {} : { src }),
        ...(mtu === undefined ? {} : { mtu }),
      });
      return;
    }
    case 'drop-route':
      have.routes.delete(routeKey(step.dst, step.metric));
      return;
    default:
      step satisfies never;
  }
}
