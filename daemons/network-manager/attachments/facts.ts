// Pure: what a lease cannot know of a container by itself. It travels inside the configuration of the ADD (`args.corral.facts`)
// and so lies in the lease; a restarted daemon reads it from there before the engine has answered.
import type { DockerContainer } from '../../shared/effects/docker/container.ts';
import type { HealthState, Labels } from '../../shared/model/objects.ts';

export interface Facts {
  /** Socket of the engine that runs the container; '' for none. */
  readonly engineSocket: string;
  /** When the engine started the container, verbatim: tells one run of it from the next. '' where no engine says. */
  readonly startedAt: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly startCount: number;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  /** Alias to the name of another container. */
  readonly links: Labels;
  /** Its name was given by hand, so the engine's does not replace it. */
  readonly named: boolean;
}

/** What changes while a container runs. */
export interface Live {
  readonly name: string;
  readonly health: HealthState | null;
}

export function factsOf(
  container: DockerContainer,
  engineSocket: string,
  names: { readonly dns: readonly string[]; readonly dnsSearch: readonly string[] },
): Facts {
  return {
    engineSocket,
    startedAt: container.startedAt,
    createdAt: container.createdAt,
    startCount: container.restarts + 1,
    dns: names.dns,
    dnsSearch: names.dnsSearch,
    links: container.links,
    named: false,
  };
}

export function liveOf(container: Pick<DockerContainer, 'name' | 'health'>): Live {
  return { name: container.name, health: healthOf(container.health) };
}

function healthOf(status: string | null): HealthState | null {
  if (status === 'healthy' || status === 'unhealthy') return status;
  return status === null ? null : 'initializing';
}

/** Reads the facts back from a lease's configuration; neutral values stand for what is missing. */
export function factsIn(config: Readonly<Record<string, unknown>>): Facts {
  const facts = member(member(member(config, 'args'), 'corral'), 'facts');
  return {
    engineSocket: text(facts.engineSocket),
    startedAt: text(facts.startedAt),
    createdAt: count(facts.createdAt),
    startCount: count(facts.startCount),
    dns: texts(facts.dns),
    dnsSearch: texts(facts.dnsSearch),
    links: labelsIn(facts.links),
    named: facts.named === true,
  };
}

function member(value: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const found = value[name];
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
}

function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function labelsIn(value: unknown): Labels {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, item]) => typeof item === 'string'));
}
