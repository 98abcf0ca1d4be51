import type { Claim } from './claim.js';
import { monotonicMs } from './clock.js';
import type { DeadLetterReason } from './returns.js';

/** No message is deferred for longer, in milliseconds: the longest delay of a Node timer, some 24 days. */
export const LONGEST_DELAY_MS: number = 2 ** 31 - 1;

/** A message that a consumer has claimed and does not hand out yet. */
export interface Deferred {
  readonly claim: Claim;
  readonly number: number;
  /** CLOCK_MONOTONIC milliseconds. */
  readonly due: number;
  /** Deliveries so far. */
  readonly attempts: number;
  /** It is to go to the dead letters, which could not take it. */
  readonly reason: DeadLetterReason | undefined;
}

/**
 * The messages of one consumer that are not due yet, the first due first. They stay claimed, so they keep their space in the lane; if the consumer dies, they are handed over like all that is
 * not acknowledged.
 */
export class Deferrals {
  readonly #isDue: () => void;
  #waiting: Deferred[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param isDue - called when the first one is due, on the event loop */
  constructor(isDue: () => void) {
    this.#isDue = isDue;
  }

  add(deferred: Deferred): void {
    if (this.#closed) return;
    const { claim, due } = deferred;
    claim.deferred++;
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1].due > due) at--;
    this.#waiting.splice(at, 0, deferred);
    if (at === 0) this.#arm();
  }

  /** Whether anything waits. */
  get any(): boolean {
    return this.#waiting.length > 0;
  }

  /** The first one, if it is due at `now`. */
  takeDue(now: number): Deferred | undefined {
    while (this.#waiting.length > 0 && this.#waiting[0].due <= now) {
      const first = this.#waiting[0];
      this.#waiting.shift();
      first.claim.deferred--;
      this.#arm();
      // Its lane may have been taken out of use meanwhile.
      if (first.claim.isOutstanding(first.number)) return first;
    }
    return undefined;
  }

  /** Takes those of one claim out, or all. */
  takeAll(claim?: Claim): Deferred[] {
    const taken = this.#waiting.filter((deferred) => claim === undefined || deferred.claim === claim);
    this.#waiting = this.#waiting.filter((deferred) => claim !== undefined && deferred.claim !== claim);
    for (const deferred of taken) deferred.claim.deferred--;
    this.#arm();
    return taken.filter((deferred) => deferred.claim.isOutstanding(deferred.number));
  }

  /** From here nothing is kept, and nobody is called. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    const wait = Math.min(Math.max(Math.ceil(this.#waiting[0].due - monotonicMs()), 0), LONGEST_DELAY_MS);
    // Whoever waits for a message keeps the process alive, and not this. A timer may fire a little early, by a clock of its own.
    this.#timer = setTimeout(() => {
      if (this.#waiting.length > 0 && this.#waiting[0].due <= monotonicMs()) this.#isDue();
      else this.#arm();
    }, wait).unref();
  }
}
