import type { IdleStrategy } from '@ringway/sync';
import { Company } from './company.js';
import { CASES, cellsOf, IDLES, PLACES, type Place } from './matrix.js';
import type { Pattern } from './pattern.js';

/** How long a cell may take, in milliseconds: only a hang takes longer, on a slow and busy machine, too. */
const PATIENCE_MS = 20_000;

/** What the suite needs of a test runner: that of mocha, `node:test`, or others of their kind. */
export interface TestFunctions {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: (title: string, body: () => Promise<void>) => unknown;
  /** Called inside of `describe`: runs after its tests. */
  readonly after: (body: () => Promise<void>) => unknown;
}

/** Which cells are run, and how. */
export interface ConformanceOptions {
  /** Default: all, `local` where the pattern has it. */
  readonly places?: readonly Place[] | undefined;
  /** Default: all. */
  readonly idles?: readonly IdleStrategy[] | undefined;
  /** How long a cell may take before it has failed, in milliseconds. Default 20,000; the runner's own limit must be longer. */
  readonly patienceMs?: number | undefined;
}

/** What became of the cells. */
export interface ConformanceTally {
  /** Registered as tests. */
  readonly cells: number;
  /** Ran to their end, and held, by now. */
  readonly held: number;
}

/**
 * Registers one test for each cell of the matrix of a pattern: places, idle strategies and cases, as far as they exist.
 * Its title names all four. Nothing runs before the runner says so. One other process, and one worker, is started for
 * each idle strategy, and three for each case of death.
 *
 * @example
 * ```js
 * import { after, describe, it } from 'node:test';
 * import { conformance, queuePattern } from '@ringway/ring/conformance';
 *
 * conformance(queuePattern, { describe, it, after });
 * ```
 */
export function conformance(
  pattern: Pattern,
  { describe, it, after }: TestFunctions,
  options: ConformanceOptions = {},
): ConformanceTally {
  const { places = PLACES, idles = IDLES, patienceMs = PATIENCE_MS } = options;
  const cells = cellsOf(pattern, places, idles);
  let held = 0;
  for (const place of places) {
    for (const idle of idles) {
      const cases = cells.filter((cell) => cell.place === place && cell.idle === idle).map(({ name }) => name);
      if (cases.length === 0) continue;
      describe(`conformance of ${pattern.name}, ${place}, ${idle}`, () => {
        const company = new Company(pattern, place, idle, patienceMs);
        after(() => company.end());
        for (const name of CASES.filter((each) => cases.includes(each))) {
          it(`${pattern.name}, ${place}, ${idle}: ${name}`, async () => {
            await company.play(name);
            held++;
          });
        }
      });
    }
  }
  return {
    cells: cells.length,
    get held(): number {
      return held;
    },
  };
}
