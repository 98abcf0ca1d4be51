/** What is told of several runs of the same thing. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How many there were. */
  readonly runs: number;
}

/** The value below which `part` (0 to 1) of the values lie: by nearest rank, of values that are sorted. */
export function quantile(sorted: ArrayLike<number>, part: number): number {
  if (sorted.length === 0) throw new RangeError('there is no quantile of nothing');
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

/** The middle value; the mean of the two in the middle for an even number. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (quantile(sorted, 0.5) + sorted[middle - 1]) / 2;
}

/** Median, least and greatest of at least one value. */
export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), runs: values.length };
}
