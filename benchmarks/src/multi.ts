import type { Wanted } from './bench.js';
import { inTurn, type Contender } from './in-turn.js';
import { MULTI_GROUPS, MULTI_UNIT } from './multi-cases.js';
import { runMulti } from './multi-run.js';
import type { Row } from './row.js';

/** The one system that has these patterns. */
export const MULTI_SYSTEM = 'ringway';

/** Runs what is wanted of the patterns with several producers or consumers, and yields the rows of each group. */
export async function* multi(options: Wanted, signal: AbortSignal): AsyncGenerator<Row[]> {
  const { runs, wants, progress } = options;
  for (const group of MULTI_GROUPS) {
    const contenders = group
      .filter(({ scenario, params }) => wants(MULTI_SYSTEM, scenario, params))
      .map((asked): Contender => ({
        ...{ scenario: asked.scenario, params: asked.params, system: MULTI_SYSTEM, unit: MULTI_UNIT },
        run: (ending) => runMulti(asked, options, ending),
      }));
    if (contenders.length > 0) yield await inTurn(contenders, runs, progress, signal);
  }
}
