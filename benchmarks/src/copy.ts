import type { Wanted } from './bench.js';
import { COPY, COPY_SYSTEMS, COPY_WHERES, type CopySystem, type CopyWhere } from './copy-cases.js';
import { CopyPlace } from './copy-place.js';
import { copyProgram, timeProgram } from './copy-program.js';
import { inTurn, type Contender } from './in-turn.js';
import { writeRandomFile } from './random-file.js';
import type { Row } from './row.js';

/** What is to be copied, and how often. */
export interface CopyOptions extends Wanted {
  /** Length of the file. */
  readonly bytes: number;
}

async function rowsAt(
  place: CopyPlace,
  where: CopyWhere,
  systems: readonly CopySystem[],
  { bytes, runs, nodeArguments, progress }: CopyOptions,
  signal: AbortSignal,
): Promise<Row[]> {
  progress(`${COPY} ${where}: writing ${bytes} random bytes`);
  await writeRandomFile(place.source, bytes, signal);
  const { source, target } = place;
  const contenders = systems.map((system): Contender => {
    const program = copyProgram(system, nodeArguments);
    return {
      ...{ scenario: COPY, system, params: { where, bytes }, unit: 's' },
      run: async (ending) => {
        place.clear();
        const value = await timeProgram(program, source, target, ending);
        await timeProgram(['cmp'], source, target, ending);
        return { value };
      },
    };
  });
  // Not counted: from here on the programs and the source are in memory, for all alike.
  for (const contender of contenders) {
    progress(`${COPY} ${where}: trying ${contender.system}`);
    await contender.run(signal);
  }
  return inTurn(contenders, runs, progress, signal);
}

/**
 * Runs what is wanted of the copying, each copy by a process of its own and then compared, and yields the rows of each file
 * system when it is through.
 *
 * @param leftOut - told why a file system takes no part
 */
export async function* copy(
  options: CopyOptions,
  leftOut: (why: string) => void,
  signal: AbortSignal,
): AsyncGenerator<Row[]> {
  const { bytes, wants } = options;
  for (const where of COPY_WHERES) {
    const systems = COPY_SYSTEMS.filter((system) => wants(system, COPY, { where, bytes }));
    if (systems.length === 0) continue;
    const place = CopyPlace.make(where, bytes);
    if (typeof place === 'string') {
      leftOut(place);
      continue;
    }
    try {
      yield await rowsAt(place, where, systems, options, signal);
    } finally {
      place.dispose();
    }
  }
}
