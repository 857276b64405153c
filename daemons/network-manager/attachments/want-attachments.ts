// Pure: whether a container is to be attached, and to which network. Labels say so (Rancher's names and our own); a container
// that shares the namespace of the host or of another container is never touched, whatever its labels say.
import type { DockerContainer } from '../../shared/effects/docker/container.ts';
import type { ErrorCode } from '../../shared/model/errors.ts';
import { label } from '../../shared/model/labels.ts';
import type { Labels, NetworkObject } from '../../shared/model/objects.ts';

/** The networks of the snapshot, as far as attaching needs them. */
export interface KnownNetworks {
  readonly names: ReadonlySet<string>;
  readonly default: string | undefined;
}

export type Want =
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'attach'; readonly network: string }
  /** It asks to be attached and cannot be; only another snapshot or another start can change that. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly text: string };

export function knownNetworks(networks: Iterable<NetworkObject>): KnownNetworks {
  const names = new Set<string>();
  let standard: string | undefined;
  for (const network of networks) {
    names.add(network.name);
    if (network.isDefault) standard = network.name;
  }
  return { names, default: standard };
}

export function wantAttachment(container: DockerContainer, networks: KnownNetworks): Want {
  if (!container.running || container.pid === 0) return none('it does not run');
  if (sharesNamespace(container.networkMode)) return none(`its network mode is ${container.networkMode}`);
  const wish = wishOf(container.labels);
  if (wish === undefined) return none('no label asks for a network');
  const network = resolve(wish, networks);
  if (network === undefined) {
    const known = [...networks.names].join(', ') || 'none';
    return refused('NETWORK_UNKNOWN', `its label asks for the network ${quote(wish)}; known: ${known}`);
  }
  // Its eth0 is the engine's own; two default routes would fight.
  if (container.networkMode !== 'none') {
    return refused(
      'ATTACHMENT_EXISTS',
      `its network mode is ${quote(container.networkMode)}: start it with --net=none`,
    );
  }
  return { kind: 'attach', network };
}

/** Modes in which the namespace belongs to someone else; `ns:` is podman's. */
export function sharesNamespace(networkMode: string): boolean {
  return networkMode === 'host' || networkMode.startsWith('container:') || networkMode.startsWith('ns:');
}

/** True if a label asks for a network or for our resolver, or offers a plugin, so that the container is worth a closer look. */
export function asksForUs(labels: Labels): boolean {
  return wishOf(labels) !== undefined || labels[label.dns] === 'true' || label.cniBinary in labels;
}

const standard = Symbol('the default network');

/** The network that the labels name. Present but empty, `host` and `none` mean: leave it alone. */
function wishOf(labels: Labels): string | typeof standard | undefined {
  const named = labels[label.network] ?? labels[label.cniNetwork];
  if (named !== undefined) return ['', 'host', 'none'].includes(named) ? undefined : named;
  const legacy = labels[label.managed] === 'true' || !!labels[label.requestedIp] || !!labels[label.ip];
  return legacy ? standard : undefined;
}

/** `managed` is what Rancher called the default network. */
function resolve(wish: string | typeof standard, networks: KnownNetworks): string | undefined {
  if (wish !== standard && networks.names.has(wish)) return wish;
  return wish === standard || wish === 'managed' ? networks.default : undefined;
}

function quote(text: string | typeof standard): string {
  return text === standard ? 'that is the default' : JSON.stringify(text.slice(0, 80));
}

function none(why: string): Want {
  return { kind: 'none', why };
}

function refused(code: ErrorCode, text: string): Want {
  return { kind: 'refused', code, text };
}
