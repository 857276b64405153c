// Pure: the container that a daemon runs in, in full: its name, image, environment, and what it may do and see.
import type { ContainerWish } from '../../shared/effects/docker/host-containers.ts';
import type { DaemonName } from '../../shared/model/paths.ts';
import { needsOf, type Places, procSys } from './needs.ts';

export interface ContainerPlan {
  readonly daemon: DaemonName;
  readonly images: { readonly prefix: string; readonly tag: string };
  readonly version: string;
  readonly places: Places;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const ownLabel = 'io.corral.daemon';
/** The images of the daemons have no charon: it is in a container of its own, see images/compose.yaml. */
const usual = { CORRAL_OVERLAY_IPSEC_CHARON: '/run/corral/charon.vici' };

export function containerName(daemon: DaemonName): string {
  return `corral-${daemon}`;
}

/** An image that was built along with this version, unless another tag was asked for. */
export function imageOf({ daemon, images, version }: Pick<ContainerPlan, 'daemon' | 'images' | 'version'>): string {
  return `${images.prefix}${daemon}:${images.tag === 'auto' ? version : images.tag}`;
}

/** Overrides of the configuration pass on, so that all daemons read the same. */
export function planContainer(plan: ContainerPlan): ContainerWish {
  const passed = Object.entries(plan.environment).filter(([name]) => name.startsWith('CORRAL_'));
  const variables = { ...usual, ...Object.fromEntries(passed), CORRAL_PROC_SYS: procSys };
  return {
    name: containerName(plan.daemon),
    image: imageOf(plan),
    label: [ownLabel, plan.daemon],
    environment: Object.entries(variables).map(([name, value]) => `${name}=${value ?? ''}`),
    ...needsOf(plan.daemon, plan.places),
  };
}
