import type { SegmentHandle } from '@ringway/memory';
import { STRONG_ORDER } from './order.js';
import type { Slots } from './slots.js';

/**
 * Bits of the first sleepers word that name a slot; its last bit says that slots beyond have ever joined, so that a publisher
 * of a channel with few consumers looks at one word only. That bit is set on joining and never cleared.
 */
const FIRST_WORD_SLOTS = 31;
const BEYOND = 1 << FIRST_WORD_SLOTS;
/** Of the waiters at one doorbell. */
const EVERYBODY = 0x7fffffff;

/** Sleepers words that are needed for slots `0 .. count - 1`. */
export function sleeperWords(count: number): number {
  return count <= FIRST_WORD_SLOTS ? 1 : 1 + Math.ceil((count - FIRST_WORD_SLOTS) / 32);
}

/**
 * Parking and waking (DESIGN P4, `park*.pml`). A parker notes its doorbell, sets its bit, looks again, and waits while the
 * doorbell has the noted value. A publisher stores, looks at the bits, clears one by compare-and-swap, and rings its doorbell.
 *
 * All accesses are sequentially consistent, so of "bit set, then look" and "publish, then look at the bits" at least one sees
 * the other. A bit is set by its owner alone and may be cleared by anybody: clearing a dead one's bit twice is harmless.
 */
export class Doorbells {
  readonly #segment: SegmentHandle;
  readonly #words: Int32Array;
  readonly #slots: Slots;
  readonly #base: number;
  readonly #wordCount: number;
  /**
   * Whether who publishes, acknowledges or frees a lease may do so by a plain store: a sleeper executes a barrier on every participant's processor between its
   * announcement and its last look (`SegmentHandle.fence`), so of "announce, fence, look" and "store, look at the sleepers" at least one sees the other, without a barrier in the
   * second (`docs/decisions/0008-fences.md`).
   */
  readonly relaxed: boolean;

  /**
   * @param buffer - the mapped control area
   * @param offset - where the sleepers words begin in it, in bytes
   * @param sleepers - how many slots, from 0, may sleep here
   */
  constructor(segment: SegmentHandle, buffer: ArrayBuffer, offset: number, sleepers: number, slots: Slots) {
    this.#segment = segment;
    this.#words = new Int32Array(buffer);
    this.#slots = slots;
    this.#base = offset / 4;
    this.#wordCount = sleeperWords(sleepers);
    this.relaxed = STRONG_ORDER && segment.fenced;
  }

  /** On joining, before the first park. */
  enroll(slot: number): void {
    if (slot >= FIRST_WORD_SLOTS) Atomics.or(this.#words, this.#base, BEYOND);
  }

  /** The doorbell's value, to be noted before {@link Doorbells.announce}. */
  note(slot: number): number {
    return Atomics.load(this.#words, this.#slots.doorbell(slot));
  }

  /** Sets the bit. Look again at everything after it. */
  announce(slot: number): void {
    Atomics.or(this.#words, this.#word(slot), this.#bit(slot));
  }

  /**
   * Clears the bit. False if somebody had cleared it before, and so rings, or has rung, this slot: who stops waiting for good
   * (close, abort) must then ring one more, or the publisher's only wake-up ends here.
   */
  withdraw(slot: number): boolean {
    const bit = this.#bit(slot);
    return (Atomics.and(this.#words, this.#word(slot), ~bit) & bit) !== 0;
  }

  /** Whether a slot sleeps, or may: right after a store for which sleepers fence, or an Atomics operation. */
  someoneSleeps(): boolean {
    return (STRONG_ORDER ? this.#words[this.#base] : Atomics.load(this.#words, this.#base)) !== 0;
  }

  /** Wakes one sleeper, if there is any: right after a publication. With nobody asleep this is one load. */
  ringOne(): boolean {
    // Behind the caller's store: a parker sets its bit first, fences, and looks after.
    const first = STRONG_ORDER ? this.#words[this.#base] : Atomics.load(this.#words, this.#base);
    return first !== 0 && this.#ringOneOf(first);
  }

  /**
   * Wakes the next sleeper behind `slot`, if there is any: for who was rung for what he cannot take. Only behind, so that it ends with the last one instead of
   * going round among those who all cannot.
   *
   * @param except - a slot that was rung already, or -1
   */
  ringNext(slot: number, except = -1): boolean {
    const first = Atomics.load(this.#words, this.#base);
    return first !== 0 && this.#ringOneOf(first, slot + 1, except);
  }

  /**
   * Wakes every sleeper: after an event that concerns all (an end, a newcomer, the last acknowledgement). Each that sleeps now, and once: who wakes and sleeps again has looked after the
   * event, and ringing him again, being the first, would be all that ever happened.
   */
  ringAll(): void {
    const words = Atomics.load(this.#words, this.#base) & BEYOND ? this.#wordCount : 1;
    for (let i = 0; i < words; i++) {
      const first = i === 0 ? 0 : FIRST_WORD_SLOTS + (i - 1) * 32;
      let bits = Atomics.load(this.#words, this.#base + i) & (i === 0 ? ~BEYOND : ~0);
      for (; bits !== 0; bits &= bits - 1) {
        const slot = first + 31 - Math.clz32(bits & -bits);
        if (slot < this.#slots.count) this.ringSleeper(slot);
      }
    }
  }

  /** Wakes every sleeper right after a publication that concerns all. With nobody asleep this is one load. */
  ringSleepers(): void {
    if (this.someoneSleeps()) this.ringAll();
  }

  /** Wakes one slot if it sleeps: for what it alone waits for. Whether it did. */
  ringSleeper(slot: number): boolean {
    const index = this.#word(slot);
    const bit = this.#bit(slot);
    if ((Atomics.load(this.#words, index) & bit) === 0) return false;
    this.move(slot);
    const mine = (Atomics.and(this.#words, index, ~bit) & bit) !== 0;
    if (mine) this.ring(slot);
    return mine;
  }

  /** Rings one slot's doorbell, whether it sleeps or not. All that wait at it wake: one slot may wait for several things. */
  ring(slot: number): void {
    this.move(slot);
    this.#segment.wake(this.#words, this.#slots.doorbell(slot), EVERYBODY);
  }

  /**
   * Moves a doorbell without waking: before the sleeper's announcement is taken away. Who dies or stops right after that leaves a doorbell that differs from what the
   * sleeper noted, which the thread that waits for him sees within 100 ms. It must be rung once more *after* that: the sleeper may have woken by himself meanwhile, noted
   * the doorbell as it is now and announced himself again, and then it is his new announcement that was taken away.
   */
  move(slot: number): void {
    Atomics.add(this.#words, this.#slots.doorbell(slot), 1);
  }

  #word(slot: number): number {
    return slot < FIRST_WORD_SLOTS ? this.#base : this.#base + 1 + ((slot - FIRST_WORD_SLOTS) >> 5);
  }

  #bit(slot: number): number {
    return slot < FIRST_WORD_SLOTS ? 1 << slot : 1 << ((slot - FIRST_WORD_SLOTS) & 31);
  }

  #ringOneOf(first: number, from = 0, except = -1): boolean {
    const words = first & BEYOND ? this.#wordCount : 1;
    for (let i = 0; i < words; i++) {
      const index = this.#base + i;
      const base = i === 0 ? 0 : FIRST_WORD_SLOTS + (i - 1) * 32;
      if (from - base >= 32) continue;
      let naming = (i === 0 ? ~BEYOND : ~0) & (from <= base ? ~0 : ~0 << (from - base));
      if (except >= 0 && this.#word(except) === index) naming &= ~this.#bit(except);
      let bits = Atomics.load(this.#words, index) & naming;
      for (let tries = 0; bits !== 0 && tries < 32; tries++) {
        const bit = bits & -bits;
        const slot = base + 31 - Math.clz32(bit);
        const known = slot < this.#slots.count;
        if (known) this.move(slot);
        // Whoever clears the bit wakes: two publishers wake two sleepers, not one twice.
        if (Atomics.and(this.#words, index, ~bit) & bit && known) {
          this.ring(slot);
          return true;
        }
        bits = Atomics.load(this.#words, index) & naming;
      }
    }
    return false;
  }
}
