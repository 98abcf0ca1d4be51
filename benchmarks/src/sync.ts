import type { Wanted } from './bench.js';
import { inTurn, type Contender } from './in-turn.js';
import type { Row } from './row.js';
import { SYNC, SYNC_CASES, SYNC_UNITS } from './sync-cases.js';
import { runSync } from './sync-run.js';
import { SYNC_SYSTEMS } from './systems/sync.js';

/**
 * Runs what is wanted of the locks, and yields the rows of each case when it is through.
 *
 * @param leftOut - told why a system takes no part
 */
export async function* sync(
  options: Wanted,
  leftOut: (why: string) => void,
  signal: AbortSignal,
): AsyncGenerator<Row[]> {
  const { runs, wants, progress } = options;
  const wanted = SYNC_SYSTEMS.flatMap((system) =>
    SYNC_CASES.filter((asked) => system.takes(asked) && wants(system.name, SYNC, { ...asked })).map((asked) => ({
      system,
      asked,
    })),
  );
  const absent = new Set<string>();
  for (const system of new Set(wanted.map((one) => one.system))) {
    const why = await system.ready(signal);
    if (why === undefined) continue;
    absent.add(system.name);
    leftOut(why);
  }
  for (const asked of SYNC_CASES) {
    const contenders = wanted
      .filter((one) => one.asked === asked && !absent.has(one.system.name))
      .map(({ system }): Contender => ({
        ...{ scenario: SYNC, params: { ...asked }, system: system.name, unit: SYNC_UNITS[asked.what] },
        run: (ending) => runSync(system, asked, options, ending),
      }));
    if (contenders.length > 0) yield await inTurn(contenders, runs, progress, signal);
  }
}
