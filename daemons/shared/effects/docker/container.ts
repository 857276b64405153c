// Pure: what Corral reads of Docker's answers, checked. A field that is missing or of a wrong type takes its neutral value,
// since engines and versions differ; only an answer without id is none.
import type { Labels } from '../../model/objects.ts';

export interface PortBinding {
  /** `80/tcp`, as Docker writes it. */
  readonly port: string;
  readonly hostIp: string;
  /** Empty when Docker is to choose. */
  readonly hostPort: string;
}

/** A container as `inspect` tells it. */
export interface DockerContainer {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly running: boolean;
  /** 0 while it does not run; in the engine's pid namespace. */
  readonly pid: number;
  /** Verbatim; changes with each start. */
  readonly startedAt: string;
  /** Milliseconds since the epoch; 0 when the engine's text is no date. */
  readonly createdAt: number;
  /** Restarts by the engine's restart policy. */
  readonly restarts: number;
  /** null without a health check. */
  readonly health: string | null;
  readonly labels: Labels;
  readonly hostname: string;
  readonly domainname: string;
  readonly networkMode: string;
  readonly ports: readonly PortBinding[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  /** Alias to the name of the container that it stands for (`--link`). */
  readonly links: Labels;
  readonly resolvConfPath: string;
  readonly hostsPath: string;
}

/** A container as the list of running ones tells it. */
export interface ListedContainer {
  readonly id: string;
  readonly labels: Labels;
  /** '' from an engine that does not list it (podman). */
  readonly networkMode: string;
}

/** Something happened to a container; only a reason to look at it. */
export interface DockerEvent {
  readonly containerId: string;
  readonly action: string;
  /** Nanoseconds since the epoch as text with 9 decimals of seconds, the form that `since` takes. */
  readonly at: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** A container id or name that may stand in a request's path. */
export function isContainerName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(text);
}

export function parseContainer(value: unknown): DockerContainer | undefined {
  const top = fields(value);
  const id = text(top.Id);
  if (!isContainerName(id)) return undefined;
  const [state, config, host] = [fields(top.State), fields(top.Config), fields(top.HostConfig)];
  return {
    id,
    name: text(top.Name).replace(/^\//, ''),
    running: state.Running === true,
    pid: count(state.Pid),
    startedAt: text(state.StartedAt),
    createdAt: dateOf(top.Created),
    restarts: count(top.RestartCount),
    health: healthOf(state),
    labels: labels(config.Labels),
    hostname: text(config.Hostname),
    domainname: text(config.Domainname),
    networkMode: text(host.NetworkMode),
    ports: bindings(host.PortBindings),
    dns: texts(host.Dns),
    dnsSearch: texts(host.DnsSearch),
    links: linksOf(texts(host.Links)),
    resolvConfPath: text(top.ResolvConfPath),
    hostsPath: text(top.HostsPath),
  };
}

export function parseListed(value: unknown): ListedContainer | undefined {
  const top = fields(value);
  const id = text(top.Id);
  if (!isContainerName(id)) return undefined;
  return { id, labels: labels(top.Labels), networkMode: text(fields(top.HostConfig).NetworkMode) };
}

/** Events of containers, and of networks that a container joins or leaves; undefined for every other. */
export function parseEvent(value: unknown): DockerEvent | undefined {
  const event = fields(value);
  const actor = fields(event.Actor);
  const containerId = event.Type === 'network' ? text(fields(actor.Attributes).container) : text(actor.ID);
  if ((event.Type !== 'container' && event.Type !== 'network') || !isContainerName(containerId)) return undefined;
  return { containerId, action: text(event.Action), at: sinceText(event.timeNano, event.time) };
}

/** `timeNano` is beyond what a number holds exactly; a microsecond earlier repeats an event, which does no harm. */
function sinceText(timeNano: unknown, time: unknown): string | undefined {
  if (typeof timeNano === 'number' && timeNano > 0) return (timeNano / 1e9 - 0.000_001).toFixed(9);
  return typeof time === 'number' && time > 0 ? String(time) : undefined;
}

/** Docker's `none` (a check that was switched off) and podman's empty text mean that there is no check. */
function healthOf(state: Fields): string | null {
  const health = fields(state.Health ?? state.Healthcheck);
  const status = text(health.Status);
  return status === '' || status === 'none' ? null : status;
}

function bindings(value: unknown): PortBinding[] {
  return Object.entries(fields(value)).flatMap(([port, list]) =>
    (Array.isArray(list) ? list : []).map((item: unknown) => {
      const binding = fields(item);
      return { port, hostIp: text(binding.HostIp), hostPort: text(binding.HostPort) };
    }),
  );
}

/** `/db:/web/alias` (inspected), `db:alias` or `db` (as asked for). */
function linksOf(list: readonly string[]): Labels {
  const links = list.map((link) => {
    const [target = '', alias = target] = link.split(':');
    return [alias.slice(alias.lastIndexOf('/') + 1), target.replace(/^\//, '')] as const;
  });
  return Object.fromEntries(links.filter(([alias, target]) => alias !== '' && target !== ''));
}

function dateOf(value: unknown): number {
  const at = typeof value === 'number' ? value * 1000 : Date.parse(text(value));
  return Number.isSafeInteger(at) && at > 0 ? at : 0;
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

function labels(value: unknown): Labels {
  const entries = Object.entries(fields(value)).filter(([, label]) => typeof label === 'string');
  return Object.fromEntries(entries) as Labels;
}
