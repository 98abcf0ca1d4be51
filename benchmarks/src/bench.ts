import { CASE_GROUPS, UNITS, type Case } from './cases.js';
import { run, type Measure, type Outcome } from './run.js';
import { median, summarize } from './statistics.js';
import type { Row } from './row.js';
import type { System } from './system.js';

/** What is to be run, and how. */
export interface BenchOptions extends Measure {
  readonly systems: readonly System[];
  readonly runs: number;
  /** Which of the systems' cases are wanted. */
  readonly wants: (system: string, scenario: string, params: Case['params']) => boolean;
  /** Told of each run before it begins. */
  readonly progress: (what: string) => void;
}

/** One system at one case. */
interface Contender {
  readonly system: System;
  readonly asked: Case;
  readonly outcomes: Outcome[];
}

/** A case in a few words. */
export function describeCase({ scenario, params }: Case): string {
  return [scenario, ...Object.values(params)].join(' ');
}

function rowOf({ system, asked, outcomes }: Contender): Row {
  const values = outcomes.map(({ value }) => value);
  const p99 = outcomes.map((outcome) => outcome.p99).filter((value) => value !== undefined);
  return {
    scenario: asked.scenario,
    system: system.name,
    params: asked.params,
    unit: UNITS[asked.scenario],
    ...summarize(values),
    values,
    ...(p99.length === 0 ? {} : { p99: median(p99) }),
  };
}

/**
 * Runs the contenders of a group in turn (A B C A B C …), so that whatever else the machine does falls on all of them.
 */
async function runGroup(contenders: readonly Contender[], options: BenchOptions, signal: AbortSignal): Promise<Row[]> {
  for (let round = 1; round <= options.runs; round++) {
    for (const { system, asked, outcomes } of contenders) {
      options.progress(`run ${round} of ${options.runs}: ${describeCase(asked)}, ${system.name}`);
      outcomes.push(await run(system, asked, options, signal));
    }
  }
  return contenders.map(rowOf);
}

/** Runs what is wanted, and yields the rows of each group when it is through. */
export async function* bench(options: BenchOptions, signal: AbortSignal): AsyncGenerator<Row[]> {
  const { systems, wants } = options;
  const groups = CASE_GROUPS.map((cases) =>
    cases.flatMap((asked) =>
      systems
        .filter((system) => system.takes(asked) && wants(system.name, asked.scenario, asked.params))
        .map((system): Contender => ({ system, asked, outcomes: [] })),
    ),
  ).filter((contenders) => contenders.length > 0);
  for (const system of new Set(groups.flat().map((contender) => contender.system))) await system.ready(signal);
  for (const contenders of groups) yield await runGroup(contenders, options, signal);
}
