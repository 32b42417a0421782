/** Lines of text with aligned columns: the first to the left, figures to the right. */
export function table (heads: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const all = [heads, ...rows]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}

export function mebibytes (bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`
}
