import type { IdleStrategy } from '@ringway/sync';
import type { Pattern } from './pattern.js';

/**
 * Where the other participant is: a handle of its own in the same thread, a worker, a process; `local`, in the same
 * thread on the heap, where all have one handle.
 */
export type Place = 'thread' | 'worker' | 'process' | 'local';

/** What is looked at in a cell. */
export type CaseName = 'delivery' | 'order' | 'back pressure' | 'close' | 'abort' | 'late join' | 'garbage' | 'death';

/** One test: a pattern, in one place, waiting in one way, in one case. */
export interface Cell {
  readonly place: Place;
  readonly idle: IdleStrategy;
  readonly name: CaseName;
}

export const PLACES: readonly Place[] = ['thread', 'worker', 'process', 'local'];
export const IDLES: readonly IdleStrategy[] = ['park', 'adaptive', 'spin'];
export const CASES: readonly CaseName[] = [
  'delivery',
  'order',
  'back pressure',
  'close',
  'abort',
  'late join',
  'garbage',
  'death',
];

/** What cannot be: nobody dies alone in a thread, and no stranger gets at a heap. */
const IMPOSSIBLE: Readonly<Record<Place, readonly CaseName[]>> = {
  thread: ['death'],
  worker: [],
  process: [],
  local: ['death', 'garbage'],
};

/** The cells that a pattern has. One that it cannot have (a place or a case that there is not) is none, and no skipped test. */
export function cellsOf(
  pattern: Pattern,
  places: readonly Place[] = PLACES,
  idles: readonly IdleStrategy[] = IDLES,
): readonly Cell[] {
  return places
    .filter((place) => place !== 'local' || pattern.local !== undefined)
    .flatMap((place) =>
      idles.flatMap((idle) =>
        CASES.filter((name) => !IMPOSSIBLE[place].includes(name)).map((name): Cell => ({ place, idle, name })),
      ),
    );
}
