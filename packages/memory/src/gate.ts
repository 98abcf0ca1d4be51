import type { Native } from '@ringway/native';

import type { Descriptor } from './descriptor.js';
import { lockRefused } from './directory.js';
import { RingwayError } from './errors.js';
import { GATE_LOCK } from './lock-layout.js';
import { errnoName } from './posix-error.js';

/**
 * How long a caller naps, in milliseconds, before it gives up. It is held for microseconds. What counts is what was meant to be slept, not what the clock says: on a machine
 * with many more threads than processors those who hold the gate one after the other may all be waiting for a processor, and so is the caller.
 */
const PATIENCE_MS = 5_000;
const FIRST_NAP_MS = 0.02;
const LONGEST_NAP_MS = 5;
const NAP_GROWTH = 1.5;

/**
 * The gate between joining a segment and unlinking it: a lock on a byte of its own. Who joins holds it from before the slot lock
 * until after a look at the link count; who unlinks holds it while the name goes. So nobody joins what has lost its name.
 */
export class Gate {
  readonly #native: Native;
  readonly #descriptor: Descriptor;
  readonly #path: string;
  /** A word that nobody wakes: only there to nap on. */
  readonly #pillow = new Int32Array(1);
  #held = false;

  constructor(native: Native, descriptor: Descriptor, path: string) {
    this.#native = native;
    this.#descriptor = descriptor;
    this.#path = path;
  }

  /**
   * Runs `body` while holding the gate. Errors: `ERR_RINGWAY_BUSY` after 5 s, `ERR_RINGWAY_DEADLOCK` when this handle has it already,
   * `ERR_RINGWAY_DESCRIPTOR`, and whatever `body` throws.
   */
  run<T>(body: () => T): T {
    if (this.#held) {
      throw new RingwayError(
        'ERR_RINGWAY_DEADLOCK',
        `this handle of ${this.#path} holds the gate already: leave it before you enter it again`,
      );
    }
    this.#take();
    try {
      return body();
    } finally {
      this.release();
    }
  }

  /** Lets the gate go if it is held. Never throws: a lock that cannot be let go is given up together with its descriptor. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    const done = this.#descriptor.isOurs() && this.#native.unlock(this.#descriptor.fd, GATE_LOCK) === 0;
    if (!done) this.#descriptor.lose();
  }

  #take(): void {
    let napped = 0;
    for (let nap = FIRST_NAP_MS; ; nap = Math.min(nap * NAP_GROWTH, LONGEST_NAP_MS)) {
      this.#descriptor.stat();
      const result = this.#native.lock(this.#descriptor.fd, GATE_LOCK);
      if (result === 0) {
        this.#held = true;
        try {
          this.#descriptor.stat();
        } catch (error) {
          // A segment that was cut is found here, too: nobody else could pass the gate while this handle is open.
          this.release();
          throw error;
        }
        return;
      }
      if (errnoName(result) !== 'EAGAIN' && errnoName(result) !== 'EACCES') throw lockRefused(result, this.#path);
      if (napped > PATIENCE_MS) {
        throw new RingwayError(
          'ERR_RINGWAY_BUSY',
          `somebody has held the gate of ${this.#path} for ${PATIENCE_MS / 1000} s: a process stopped while it joined or unlinked. ` +
            'Continue or kill it',
        );
      }
      this.#native.futexWait(this.#pillow, 0, 0, nap);
      napped += nap;
    }
  }
}
