import type { Claim } from './claim.js';
import { monotonicMs } from './clock.js';
import type { DeadLetterReason } from './returns.js';

/** Deferred messages of one claim make it longer, up to so many frames, so that those behind them are not held up. */
const MOST_FRAMES = 65_536;

/** Longest delay of a Node timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A message that a consumer has claimed and does not hand out yet. */
export interface Deferred {
  readonly claim: Claim;
  readonly number: number;
  /** CLOCK_MONOTONIC milliseconds. */
  readonly due: number;
  /** Deliveries so far, where this handle alone knows them: it was sent back, and there was no room for a copy. */
  readonly attempts: number | undefined;
  /** It is to go to the dead letters, which had no room. */
  readonly reason: DeadLetterReason | undefined;
}

/**
 * The messages of one consumer that are not due yet, the first due first. They stay claimed, so they keep their space in the lane; if the consumer closes or dies, they are handed over
 * like all that is not acknowledged.
 */
export class Deferrals {
  readonly #waiting: Deferred[] = [];
  readonly #isDue: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param isDue - called when the first one is due, on the event loop */
  constructor(isDue: () => void) {
    this.#isDue = isDue;
  }

  add(deferred: Deferred): void {
    const { claim, due } = deferred;
    if (claim.outstanding > (claim.mask + 1) / 2) claim.makeRoom(Math.min((claim.mask + 1) * 2, MOST_FRAMES));
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1].due > due) at--;
    this.#waiting.splice(at, 0, deferred);
    if (at === 0) this.#arm();
  }

  /** The first one, if it is due. No cost where nothing waits. */
  takeDue(): Deferred | undefined {
    while (this.#waiting.length > 0 && this.#waiting[0].due <= monotonicMs()) {
      const first = this.#waiting.shift();
      this.#arm();
      // Its lane may have been taken out of use meanwhile.
      if (first?.claim.isOutstanding(first.number) === true) return first;
    }
    return undefined;
  }

  clear(): void {
    this.#waiting.length = 0;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    const wait = Math.min(Math.max(Math.ceil(this.#waiting[0].due - monotonicMs()), 0), LONGEST_TIMER_MS);
    // Whoever waits for a message keeps the process alive, and not this. A timer may fire a little early, by a clock of its own.
    this.#timer = setTimeout(() => {
      if (this.#waiting.length > 0 && this.#waiting[0].due <= monotonicMs()) this.#isDue();
      else this.#arm();
    }, wait).unref();
  }
}
