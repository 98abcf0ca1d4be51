import type { Outcome } from './phases.js';
import { rowOf, type Row, type Subject } from './row.js';

/** What is compared with others. */
export interface Contender extends Subject {
  run(signal: AbortSignal): Promise<Outcome>;
}

/** A subject in a few words. */
function describe({ scenario, params, system }: Subject): string {
  return `${[scenario, ...Object.values(params)].join(' ')}, ${system}`;
}

/**
 * Runs contenders in turn (A B C A B C …), so that whatever else the machine does falls on all of them.
 *
 * @param progress - told of each run before it begins
 */
export async function inTurn(
  contenders: readonly Contender[],
  runs: number,
  progress: (what: string) => void,
  signal: AbortSignal,
): Promise<Row[]> {
  const outcomes = contenders.map((): Outcome[] => []);
  for (let round = 1; round <= runs; round++) {
    for (const [index, contender] of contenders.entries()) {
      progress(`run ${round} of ${runs}: ${describe(contender)}`);
      outcomes[index].push(await contender.run(signal));
    }
  }
  return contenders.map((contender, index) => rowOf(contender, outcomes[index]));
}
