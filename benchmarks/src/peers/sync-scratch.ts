import { posix, type Mapping } from 'ringway';
import { INHERITED } from '../systems/inherited-memory.js';
import { BLOCKING_TIMEOUT_MS } from './limits.js';

/** Two cache lines: the second one is fetched along with the first. */
const APART = 128;
/** Looks at a word between two looks at the clock. */
const SPINS_PER_CLOCK = 1024;

/** Memory that both processes of a run share besides the lock: words and numbers that do not share cache lines. */
export class SyncScratch {
  readonly #mapping: Mapping;

  constructor(places: number) {
    const { PROT_READ, PROT_WRITE, MAP_SHARED } = posix;
    posix.ftruncate(INHERITED, places * APART);
    this.#mapping = posix.mmap(null, places * APART, PROT_READ | PROT_WRITE, MAP_SHARED, INHERITED, 0);
  }

  /** The word at a place, as an array of one. */
  words(place: number): Int32Array {
    return this.#mapping.view(Int32Array, place * APART, 1);
  }

  /** The number at a place, as an array of one. */
  floats(place: number): Float64Array {
    return this.#mapping.view(Float64Array, place * APART, 1);
  }

  close(): void {
    this.#mapping.close();
  }
}

/** Spins until a word has a value. Throws when that takes too long: whoever would store it is gone. */
export function spinUntil(words: Int32Array, wanted: number): void {
  const late = performance.now() + BLOCKING_TIMEOUT_MS;
  while (performance.now() < late) {
    for (let spins = 0; spins < SPINS_PER_CLOCK; spins++) if (Atomics.load(words, 0) === wanted) return;
  }
  throw new Error(`the other process did not answer for ${BLOCKING_TIMEOUT_MS / 1000} s`);
}
