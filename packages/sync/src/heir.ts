import { NOBODY } from './slot-layout.js';
import type { Participant } from './participant.js';

/** After so many milliseconds a waiter becomes the heir. */
const PATIENCE_MS = 1;
/** So long others leave a free lock to an heir that does not come: it may be stopped. */
export const RESERVATION_MS = 10;

/**
 * Keeps those who wait from starving. Whoever releases a lock hands it to nobody: the next to come takes it, which is many times as fast as to wake the next in line and
 * wait for it. But one who has waited for a millisecond puts his name here, and from then on nobody else takes the lock (the same idea as the starvation mode of the mutex
 * of Go, `sync/mutex.go`, without handing over what a stopped process would keep).
 *
 * The word decides who should go first, and nothing else: who holds what follows from other words. An heir that is dead, or does not come within 10 ms while the lock is free, is
 * passed over.
 */
export class Heir {
  readonly #participant: Participant;
  readonly #words: Int32Array;
  readonly #word: number;
  /** Whom I have left a free lock to, and since when. */
  #favoured = NOBODY;
  #since = 0;

  /** @param word - index of the heir's word */
  constructor(participant: Participant, word: number) {
    this.#participant = participant;
    this.#words = participant.words;
    this.#word = word;
  }

  /** Whether there is an heir: one plain load. */
  get present(): boolean {
    return this.#words[this.#word] !== NOBODY;
  }

  /** Whether this participant is the heir. */
  get mine(): boolean {
    return this.#words[this.#word] === this.#participant.me;
  }

  /** Whether somebody else goes first: asked where the lock is free. One plain load when there is no heir. */
  excludes(): boolean {
    const heir = this.#words[this.#word];
    if (heir === NOBODY || heir === this.#participant.me) return false;
    const now = performance.now();
    if (heir !== this.#favoured) {
      this.#favoured = heir;
      this.#since = now;
    }
    if (!this.#participant.isGone(heir) && now - this.#since < RESERVATION_MS) return true;
    Atomics.compareExchange(this.#words, this.#word, heir, NOBODY);
    this.#favoured = NOBODY;
    return false;
  }

  /** For who waits since `since` (as `performance.now`) and has just looked in vain. */
  claim(since: number): void {
    if (this.#words[this.#word] !== NOBODY || performance.now() - since < PATIENCE_MS) return;
    Atomics.compareExchange(this.#words, this.#word, NOBODY, this.#participant.me);
  }

  /** For who has got what he waited for, or waits no more. */
  resign(): void {
    const { me } = this.#participant;
    if (this.#words[this.#word] === me) Atomics.compareExchange(this.#words, this.#word, me, NOBODY);
  }

  /** The slot that should be woken first, or -1. */
  slot(): number {
    const heir = Atomics.load(this.#words, this.#word);
    return heir === NOBODY || heir === this.#participant.me ? -1 : this.#participant.slots.slotOf(heir);
  }
}
