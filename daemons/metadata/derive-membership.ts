// Pure: to which stack and service a container belongs, by its labels. Labels are hostile: a value that is not a plain name is
// refused, never repaired.
import { label } from '../shared/model/labels.ts';
import type { Labels } from '../shared/model/objects.ts';

export interface Membership {
  readonly stack: string;
  /** The primary launch configuration; null for a container that is in a stack but in no service. */
  readonly primary: string | null;
  /** The own launch configuration, if it is a sidekick of `primary`. */
  readonly sidekick: string | null;
  /** Compose's number inside the service. */
  readonly number: number | null;
}

export type MembershipVerdict = { readonly member: Membership | undefined } | { readonly refused: string };

/** Reads the labels; own names win over Rancher's, Rancher's over Compose's. */
export function membershipOf(labels: Labels): MembershipVerdict {
  const read = (name: string): string | undefined => (Object.hasOwn(labels, name) ? labels[name] : undefined);
  const oneOff = read(label.composeOneOff)?.toLowerCase() === 'true';
  const path = read(label.stackService)?.split('/');
  const stack =
    read(label.stack) ?? path?.[0] ?? read(label.stackName) ?? (oneOff ? undefined : read(label.composeProject));
  const service =
    read(label.service)?.split('/') ?? path?.slice(1) ?? (oneOff ? [] : (read(label.composeService)?.split('/') ?? []));
  if (stack === undefined) return { member: undefined };
  const names = [stack, ...service];
  const bad = names.find((name) => !isName(name));
  if (bad !== undefined) return { refused: `the name ${JSON.stringify(bad.slice(0, 40))}` };
  if (path && path.length < 2) return { refused: `a ${label.stackService} without a service` };
  if (service.length > 2) return { refused: `a service path of ${service.length} parts` };
  const [primary = null, sidekick = null] = service;
  return { member: { stack, primary, sidekick, number: numberOf(read(label.composeNumber)) } };
}

const placing = [
  label.stack,
  label.service,
  label.stackService,
  label.stackName,
  label.composeProject,
  label.composeService,
];

/** Equal for containers that their labels place alike: to bring a service's containers together before they are derived. */
export function placeHint(labels: Labels): string {
  let hint = '';
  for (const name of placing) hint += `${labels[name] ?? ''}\0`;
  return hint;
}

/** What stacks and services may be called: what DNS, Compose and Rancher accept in common, with dots and underscores. */
function isName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/.test(text);
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}
