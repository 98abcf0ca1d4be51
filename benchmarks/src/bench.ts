import { CASE_GROUPS, UNITS, type Case } from './cases.js';
import { inTurn, type Contender } from './in-turn.js';
import { run, type Measure } from './run.js';
import type { Row } from './row.js';
import type { System } from './system.js';

/** What is to be run, and how often. */
export interface Wanted extends Measure {
  readonly runs: number;
  /** Which of the systems' cases are wanted. */
  readonly wants: (system: string, scenario: string, params: Readonly<Record<string, string | number>>) => boolean;
  /** Told of each run before it begins. */
  readonly progress: (what: string) => void;
}

/** What is to be run, and how. */
export interface BenchOptions extends Wanted {
  readonly systems: readonly System[];
}

/** One system at one case. */
function contenderOf(system: System, asked: Case, options: BenchOptions): Contender {
  const { scenario, params } = asked;
  return {
    ...{ scenario, params, system: system.name, unit: UNITS[scenario] },
    run: (signal) => run(system, asked, options, signal),
  };
}

/** Runs what is wanted, and yields the rows of each group when it is through. */
export async function* bench(options: BenchOptions, signal: AbortSignal): AsyncGenerator<Row[]> {
  const { systems, runs, wants, progress } = options;
  const used = new Set<System>();
  const groups = CASE_GROUPS.map((cases) =>
    cases.flatMap((asked) =>
      systems
        .filter((system) => system.takes(asked) && wants(system.name, asked.scenario, asked.params))
        .map((system) => {
          used.add(system);
          return contenderOf(system, asked, options);
        }),
    ),
  ).filter((contenders) => contenders.length > 0);
  for (const system of used) await system.ready(signal);
  for (const contenders of groups) yield await inTurn(contenders, runs, progress, signal);
}
