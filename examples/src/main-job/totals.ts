/** What is counted in a text, as `wc` does; a last line without a line end counts, too. */
export interface Totals {
  readonly lines: number;
  readonly bytes: number;
  readonly words: number;
}

/** Whether two counts agree. */
export function sameTotals(a: Totals, b: Totals): boolean {
  return a.lines === b.lines && a.bytes === b.bytes && a.words === b.words;
}
