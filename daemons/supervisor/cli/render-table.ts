// Pure: rows of cells as lines, the columns two spaces apart.

/** @param rightFrom columns from here on are flush right */
export function renderTable(rows: readonly (readonly string[])[], rightFrom = Number.POSITIVE_INFINITY): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((cells) => cells[at]!.length)));
  const pad = (cell: string, at: number): string =>
    at >= rightFrom ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!);
  return rows.map((cells) => cells.map(pad).join('  ').trimEnd());
}
