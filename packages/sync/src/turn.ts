/** Successes after which the clock is looked at. */
const CHECK_EVERY = 64;
/** Milliseconds of uninterrupted success after which the event loop gets a turn. */
export const TURN_MS = 1;

/**
 * Keeps whatever loops from starving the event loop (DESIGN P7): `spent()` after each success; when it is true, wait for
 * {@link Turn.next} before going on. Costs an increment, and a look at the clock every 64 calls.
 */
export class Turn {
  #left = CHECK_EVERY;
  #since = performance.now();

  /** Whether this turn has lasted long enough, after so many successes. */
  spent(successes = 1): boolean {
    this.#left -= successes;
    if (this.#left > 0) return false;
    this.#left = CHECK_EVERY;
    return performance.now() - this.#since >= TURN_MS;
  }

  /** Resolves in a later turn of the event loop: timers, aborts and input were served by then. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.begin();
        resolve();
      });
    });
  }

  /** The event loop just had a turn for some other reason. */
  begin(): void {
    this.#left = CHECK_EVERY;
    this.#since = performance.now();
  }
}
