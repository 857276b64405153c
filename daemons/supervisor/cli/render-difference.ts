// Pure: the answer of `corral diff` for people.

export interface Difference {
  readonly keepers: readonly { readonly keeper: string; readonly changes: readonly string[] }[];
}

const mostLines = 200;

export function renderDifference({ keepers }: Difference): string {
  const busy = keepers.filter(({ changes }) => changes.length > 0);
  if (busy.length === 0) return 'Everything is as wanted.\n';
  return busy
    .map(({ keeper, changes }) => {
      const shown = changes.slice(0, mostLines).map((change) => `  ${change}\n`);
      const more = changes.length - shown.length;
      return `${keeper}\n${shown.join('')}${more > 0 ? `  and ${more} more\n` : ''}`;
    })
    .join('');
}
