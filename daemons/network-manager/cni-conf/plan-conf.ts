// Pure: what has to be written and removed so that the wanted configurations are there. Only files that the manifest names are
// Corral's; one that somebody else put in a wanted place stays and is told.
import type { WantConf } from './want-conf.ts';

export interface HaveConf {
  /** Paths that Corral has written, or was about to. */
  readonly manifest: readonly string[];
  /** Contents of those and of the wanted ones; absent: no such file. */
  readonly files: ReadonlyMap<string, string>;
  /** What stands at `managed.d`: a link's target, 'other' for anything else, undefined for nothing. */
  readonly managed: { readonly link: string } | 'other' | undefined;
}

export interface ConfPlan {
  /** What the manifest has to hold before anything is written. */
  readonly claim: readonly string[];
  readonly write: readonly { readonly path: string; readonly body: string }[];
  readonly drop: readonly string[];
  /** A new target of `managed.d`; null: away with it. */
  readonly link: string | null | undefined;
  readonly faults: readonly string[];
}

/** @param complete false: nothing may be removed on this word */
export function planConf(want: WantConf, have: HaveConf, complete: boolean): ConfPlan {
  const ours = new Set(have.manifest);
  const faults = [...want.faults];
  const write: { path: string; body: string }[] = [];
  const claim = new Set(have.manifest);
  for (const [path, body] of want.files) {
    const text = have.files.get(path);
    if (text !== undefined && text !== body && !ours.has(path)) {
      faults.push(`${path} is there already and not Corral's; it is left as it is`);
      continue;
    }
    claim.add(path);
    if (text !== body) write.push({ path, body });
  }
  const drop = complete ? have.manifest.filter((path) => !want.files.has(path)) : [];
  return { claim: [...claim].sort(), write, drop, link: planLink(want, have, complete, faults), faults };
}

function planLink(want: WantConf, have: HaveConf, complete: boolean, faults: string[]): string | null | undefined {
  if (have.managed === 'other') {
    if (want.managed !== undefined) faults.push('managed.d is there already and no link; it is left as it is');
    return undefined;
  }
  if (want.managed === undefined) return have.managed && complete ? null : undefined;
  return have.managed?.link === want.managed ? undefined : want.managed;
}
