// Pure: below which root the plugins work.

/**
 * CORRAL_ROOT if it is set, else the part of the program's own path before `/opt/cni/bin/`, else the machine's own root.
 * A runtime with an empty environment in a lab thus still finds the lab's leases.
 */
export function rootOf(corralRoot: string | undefined, calledAs: string): string {
  if (corralRoot) return corralRoot;
  const match = /^(\/.*)?\/opt\/cni\/bin\/[^/]+$/.exec(calledAs);
  return match?.[1] ?? '';
}
