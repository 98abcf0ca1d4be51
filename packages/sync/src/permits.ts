import { RingwayError } from '@ringway/memory';
import type { SyncRecord } from './record.js';
import { RECORD_STATE } from './sync-layout.js';

const MOST_PERMITS = 2 ** 31 - 1;

/** The permits of a semaphore in shared memory. */
export interface SharedPermits {
  readonly owned: boolean;
  /** How many are free. */
  free(): number;
  /** Whether any is. */
  any(): boolean;
  /** Takes so many, if they are free. */
  take(count: number): boolean;
  giveBack(count: number): void;
  /** Asks the kernel who is dead, where that may free permits. */
  probe(): void;
  /** This handle is about to go. */
  leave(): void;
}

/** A number that anybody may raise. */
export class Permits implements SharedPermits {
  readonly owned = false;
  readonly #words: Int32Array;
  readonly #state: number;

  constructor(record: SyncRecord) {
    this.#words = record.participant.words;
    this.#state = record.word(RECORD_STATE);
  }

  free(): number {
    return Math.max(0, Atomics.load(this.#words, this.#state));
  }

  any(): boolean {
    return this.#words[this.#state] > 0;
  }

  take(count: number): boolean {
    for (let seen = this.#words[this.#state]; seen >= count;) {
      const found = Atomics.compareExchange(this.#words, this.#state, seen, seen - count);
      if (found === seen) return true;
      seen = found;
    }
    return false;
  }

  /** Throws `ERR_RINGWAY_OVERFLOW`. */
  giveBack(count: number): void {
    for (let seen = this.#words[this.#state]; ;) {
      if (seen > MOST_PERMITS - count) {
        throw new RingwayError(
          'ERR_RINGWAY_OVERFLOW',
          `the semaphore has ${seen} permits: ${count} more would be above ${MOST_PERMITS}. Release only what was acquired or is meant as a signal`,
        );
      }
      const found = Atomics.compareExchange(this.#words, this.#state, seen, seen + count);
      if (found === seen) return;
      seen = found;
    }
  }

  probe(): void {
    // Nobody's death changes the number.
  }

  leave(): void {
    // What this handle has acquired is gone: anybody may release, so nobody can say whose they were.
  }
}
