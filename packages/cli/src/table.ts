const GAP = '  ';

/**
 * Lays out a table for people, a line a row.
 *
 * @param headings - the first line
 * @param rows - cells in the order of the headings
 * @param right - the headings whose cells stand on the right
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[],
): string[] {
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column].length)));
  const layOut = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        right.includes(headings[column]) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join(GAP)
      .trimEnd();
  return [headings, ...rows].map(layOut);
}
