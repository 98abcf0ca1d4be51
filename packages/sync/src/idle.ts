import type { SegmentHandle, WaitResult, Watch } from '@ringway/memory';
import type { Roster } from './roster.js';

/**
 * How a participant waits. `adaptive`: polls for some time after the last success, then parks. `park`: parks at once. `spin`:
 * never parks, and burns a core.
 */
export type IdleStrategy = 'adaptive' | 'park' | 'spin';

/** Longest native wait of a blocking form, in milliseconds: `terminate()` and signals act between two. */
export const SLICE_MS = 100;
/** Spins of a blocking form between two looks at the clock. */
const SPINS_PER_CLOCK = 64;

/** Looks of a polling event loop between two turns: about a microsecond. */
const LOOKS_PER_TURN = 32;

/** What somebody waits for, and how he says in shared memory that he sleeps (DESIGN P4). */
export interface Waiting {
  /** Does what can be done now. True when there is nothing left to wait for. */
  look(): boolean;
  /** Whether the last look ended before it had seen everything: then it is made again instead of a sleep. Default false. */
  unfinished?(): boolean;
  /** Looks for the dead and repairs what they left, as far as it concerns this one; the roster was refreshed just before. */
  lookForDead(): void;
  /** Index in `words` of the doorbell on which this one parks. */
  readonly doorbell: number;
  /** Tells the others that this one is about to sleep; {@link Waiting.look} is called again after it. */
  announce(): void;
  /** It was rung, and {@link Waiting.look} found nothing that it can do: if the ring was for somebody else, it is passed on. */
  passOn(): void;
  /** Something of the system failed (the descriptor was taken away, say): the wait is over, and whoever waits must be told. */
  failed(error: unknown): void;
  /**
   * Whether one look after the announcement is not enough: others store plainly before they look at the sleepers, so it takes a fence, and who leaves with work for others
   * rings only those whom he sees asleep, so it takes a look at who is there. Both cost microseconds. False where every change that is waited for is an Atomics operation of
   * somebody who looks at the sleepers after it. Default true.
   */
  readonly thorough?: boolean;
  /** Longest sleep of the blocking form at a time, in milliseconds, where something must be looked at again that nobody rings for. Default, and at most: 100. */
  readonly sliceMs?: number;
  /** Takes that back. `leaving`: this one will not look again soon, so a ring that it was given must be passed on. */
  withdraw(leaving: boolean): void;
}

/** The wait of one participant: on the event loop by {@link Idle.start}, blocking by {@link Idle.blockFor}. */
export class Idle {
  readonly #segment: SegmentHandle;
  readonly #words: Int32Array;
  readonly #slotCount: number;
  readonly #roster: Roster;
  readonly #waiting: Waiting;
  readonly #strategy: IdleStrategy;
  readonly #pollMs: number;
  #immediate: NodeJS.Immediate | undefined;
  #watch: Watch | undefined;
  #since = 0;
  #nextRefresh = 0;
  #holding = false;
  #referenced = true;

  /**
   * @param words - the control area
   * @param pollMicroseconds - how long `adaptive` polls before it parks
   */
  constructor(
    segment: SegmentHandle,
    words: Int32Array,
    slotCount: number,
    roster: Roster,
    waiting: Waiting,
    strategy: IdleStrategy,
    pollMicroseconds: number,
  ) {
    this.#segment = segment;
    this.#words = words;
    this.#slotCount = slotCount;
    this.#roster = roster;
    this.#waiting = waiting;
    this.#strategy = strategy;
    this.#pollMs = pollMicroseconds / 1000;
  }

  /** Whether a wait is under way on the event loop. */
  get active(): boolean {
    return this.#immediate !== undefined || this.#watch !== undefined;
  }

  /** Begins to wait, unless that is under way: `look` will be called until it is true. The caller has just looked in vain. */
  start(): void {
    if (this.active) return;
    this.#hold(true);
    if (this.#strategy === 'park') this.#guarded(this.#park);
    else {
      this.#since = performance.now();
      this.#poll();
    }
  }

  /** Ends the wait without success (close, abort, nobody asks any more). Passes on a ring that came meanwhile. */
  stop(): void {
    if (this.#immediate !== undefined) {
      clearImmediate(this.#immediate);
      this.#immediate = undefined;
    }
    if (this.#watch !== undefined) {
      this.#watch.cancel();
      this.#watch = undefined;
      if (!this.#segment.closed) this.#waiting.withdraw(true);
    }
    this.#hold(false);
  }

  /** As on sockets: whether a wait keeps the process alive. */
  reference(on: boolean): void {
    this.#referenced = on;
    if (this.active) this.#hold(true);
    if (this.#immediate !== undefined) {
      if (on) this.#immediate.ref();
      else this.#immediate.unref();
    }
  }

  /**
   * Blocks this thread until `look` is true (returns true) or `timeoutMs` have passed (false). At least one look is made, and the clock is
   * not looked at before the first 64.
   */
  blockFor(timeoutMs: number): boolean {
    const waiting = this.#waiting;
    let pollUntil = Infinity;
    let deadline = Infinity;
    for (let round = 0; ; round++) {
      for (let i = 0; i < SPINS_PER_CLOCK; i++) if (waiting.look()) return true;
      const now = performance.now();
      if (round === 0) deadline = now + timeoutMs;
      if (now >= deadline) return false;
      if (round === 0 && this.#strategy !== 'spin') pollUntil = this.#strategy === 'park' ? now : now + this.#pollMs;
      if (now >= this.#nextRefresh) {
        this.#nextRefresh = now + SLICE_MS;
        this.#roster.refresh();
        waiting.lookForDead();
      }
      if (now < pollUntil || this.#isUnfinished()) {
        // Whoever this one waits for may wait for its processor.
        if (this.#strategy !== 'spin') this.#segment.giveWay();
        continue;
      }
      const noted = Atomics.load(this.#words, waiting.doorbell);
      waiting.announce();
      let result: WaitResult | undefined;
      try {
        if (waiting.thorough === false ? waiting.look() : this.#lookAgain()) return true;
        if (this.#isUnfinished()) continue;
        const slice = Math.min(SLICE_MS, waiting.sliceMs ?? SLICE_MS, deadline - now);
        result = this.#segment.waitSync(this.#words, waiting.doorbell, noted, slice);
      } finally {
        waiting.withdraw(result === undefined);
      }
      // Also after a timeout: it may have been rung in between.
      if (waiting.look()) return true;
      waiting.passOn();
    }
  }

  readonly #tick = (): void => {
    this.#immediate = undefined;
    this.#guarded(this.#turn);
  };

  readonly #turn = (): void => {
    // Several looks a turn: a turn of the event loop takes longer than what is waited for.
    for (let i = 0; i < LOOKS_PER_TURN; i++) {
      if (this.#waiting.look()) {
        if (!this.active) this.#hold(false);
        return;
      }
      if (this.active) return;
    }
    const now = performance.now();
    // Who parks at once polls only while there is more to see.
    const over = this.#strategy === 'park' || (this.#strategy === 'adaptive' && now - this.#since >= this.#pollMs);
    if (over && !this.#isUnfinished()) {
      this.#park();
      return;
    }
    if (now - this.#since >= SLICE_MS) {
      // Who never parks looks for the dead, too.
      this.#since = now;
      this.#roster.refresh();
      this.#waiting.lookForDead();
    }
    this.#poll();
  };

  #isUnfinished(): boolean {
    return this.#waiting.unfinished?.() === true;
  }

  #poll(): void {
    this.#immediate = setImmediate(this.#tick);
    if (!this.#referenced) this.#immediate.unref();
  }

  /** Note, announce, look again, wait: in this order (P4). */
  readonly #park = (): void => {
    const waiting = this.#waiting;
    const noted = Atomics.load(this.#words, waiting.doorbell);
    waiting.announce();
    if (this.#lookAgain()) {
      // Found by myself what I may have been rung for, or something else: a ring that came meanwhile is somebody's only one.
      waiting.withdraw(true);
      if (!this.active) this.#hold(false);
      return;
    }
    if (this.#isUnfinished()) {
      waiting.withdraw(false);
      this.#poll();
      return;
    }
    this.#watch = this.#segment.watch(
      this.#words,
      waiting.doorbell,
      noted,
      { start: 0, count: this.#slotCount, held: this.#roster.held },
      this.#fired,
    );
  };

  /**
   * After the announcement, before the sleep. Messages, and those who are gone: who has left with work for others since they were last looked for has rung only those who had
   * announced themselves by then.
   */
  #lookAgain(): boolean {
    // Publishers, and those who acknowledge or free a lease, store and then look at the sleepers without a barrier in between: this is theirs.
    if (this.#waiting.thorough !== false) this.#segment.fence();
    this.#roster.refresh();
    this.#waiting.lookForDead();
    return this.#waiting.look();
  }

  readonly #fired = (): void => {
    this.#watch = undefined;
    this.#guarded(this.#wake);
  };

  readonly #wake = (): void => {
    this.#waiting.withdraw(false);
    if (this.#waiting.look()) {
      if (!this.active) this.#hold(false);
    } else {
      this.#waiting.passOn();
      if (!this.active) this.#park();
    }
  };

  /** Runs a step on the event loop: what goes wrong there must reach those who wait, not the process. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      clearImmediate(this.#immediate);
      this.#immediate = undefined;
      this.#watch?.cancel();
      this.#watch = undefined;
      this.#hold(false);
      if (!this.#segment.closed) this.#waiting.withdraw(true);
      this.#waiting.failed(error);
    }
  }

  #hold(on: boolean): void {
    const wanted = on && this.#referenced;
    if (wanted === this.#holding) return;
    this.#holding = wanted;
    if (wanted) this.#segment.holdLoop();
    else this.#segment.releaseLoop();
  }
}
