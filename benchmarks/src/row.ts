import type { Summary } from './statistics.js';

/** What was found: one system at one case, over all runs. */
export interface Row extends Summary {
  readonly scenario: string;
  readonly system: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** The same for all systems of a scenario; of `footprint` for all rows with the same `params.what`. */
  readonly unit: string;
  /** What each run found. */
  readonly values: readonly number[];
  /** Of round trips: the median over the runs of what 99 % stay below, in the row's unit. */
  readonly p99?: number;
}
