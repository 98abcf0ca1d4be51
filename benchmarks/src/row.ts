import type { Outcome } from './phases.js';
import { median, summarize, type Summary } from './statistics.js';

/** What a row is about. */
export interface Subject {
  readonly scenario: string;
  readonly system: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** The same for all systems of a scenario; of `footprint`, `blackboard` and `sync` for all rows with the same `params.what`. */
  readonly unit: string;
}

/** What was found: one system at one case, over all runs. */
export interface Row extends Subject, Summary {
  /** What each run found. */
  readonly values: readonly number[];
  /** Of what is timed one by one: the median over the runs of what 99 % stay below, in the row's unit. */
  readonly p99?: number;
}

/** The row of at least one run. */
export function rowOf({ scenario, system, params, unit }: Subject, outcomes: readonly Outcome[]): Row {
  const values = outcomes.map(({ value }) => value);
  const p99 = outcomes.map((outcome) => outcome.p99).filter((value) => value !== undefined);
  return {
    scenario,
    system,
    params,
    unit,
    ...summarize(values),
    values,
    ...(p99.length === 0 ? {} : { p99: median(p99) }),
  };
}
