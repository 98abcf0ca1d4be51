import type { Native } from '@ringway/native';

/**
 * How many mappings of this environment have met missing memory. Read so that a compiler cannot take the value of an
 * earlier look for it: V8 (Maglev, on Node.js 24 and 26) knows that nothing between two looks has stored anything, and
 * not that a signal handler may, so two plain loads with only loads between them become one. Each look therefore stores
 * a word first, which might lie where the count does. That costs no more than the load; `Atomics.load` costs ten times
 * as much.
 */
export class FaultCount {
  readonly #count: Int32Array;
  /** Nobody reads it. */
  readonly #fence = new Int32Array(1);

  constructor(native: Native) {
    this.#count = native.faults();
  }

  /** Faults up to now, those that the instruction before has met included. A nanosecond. */
  get now(): number {
    this.#fence[0] = 0;
    return this.#count[0];
  }
}
