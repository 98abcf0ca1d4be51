import type { Segment } from '@ringway/memory';
import { RingwayError } from '@ringway/memory';
import type { Attempt } from './acquisitions.js';
import type { MutexGuard } from './mutex-guard.js';
import type { Participant } from './participant.js';
import { Primitive } from './primitive.js';
import { checkIdle, type IdleChoice, type PrimitiveOptions } from './primitive-options.js';
import { SyncRecord, type NamedOptions, type RecordSpec } from './record.js';
import { NOBODY, OWNER_SLOT_BITS } from './slot-layout.js';
import { RECORD_TICKET, ROW_FIRST, ROW_OWNER, ROW_SECOND, SYNC_KIND } from './sync-layout.js';
import { checkWait, type WaitOptions } from './waits.js';

const SPEC: RecordSpec = {
  type: SYNC_KIND.condition,
  first: undefined,
  second: undefined,
  defaults: [0, 0],
  names: ['', ''],
};

/**
 * The first word of a row: how many wait, and how many of them were signalled and do not know it yet.
 *
 *      31        24 23         12 11          0
 *     +------------+-------------+-------------+
 *     | generation |  signalled  |   waiting   |
 *     +------------+-------------+-------------+
 *
 * The low bits of the generation of the row's owner keep who repairs what a dead one left, and stood still meanwhile, from touching the counts of the next owner.
 */
const COUNT_BITS = 12;
const MOST_WAITERS = (1 << COUNT_BITS) - 1;
const ONE_SIGNAL = 1 << COUNT_BITS;
const TAG_SHIFT = 2 * COUNT_BITS;

function waitingIn(counts: number): number {
  return counts & MOST_WAITERS;
}

function signalledIn(counts: number): number {
  return (counts >>> COUNT_BITS) & MOST_WAITERS;
}

/** The counts of a row of this owner in which nobody waits. */
function emptyCounts(owner: number): number {
  return ((owner >>> OWNER_SLOT_BITS) << TAG_SHIFT) | 0;
}

/**
 * A condition variable between processes: waits until somebody says that what a {@link Mutex} protects has changed.
 *
 * As with every condition variable: wait in a loop that looks at the condition itself. A wait may end although nobody signalled (it does when somebody who was signalled
 * has died).
 *
 * Who waits counts himself in his row before he releases the mutex. A signal is given to one row, that of the handle that has waited longest, by compare-and-swap on its two
 * counts; so a signal goes to somebody who waited when it was given, and never to one who comes later. If the row's owner dies with signals that it did not use, whoever looks for the dead
 * gives them to others first, and takes them away after.
 */
export class Condition extends Primitive {
  readonly #participant: Participant;
  readonly #words: Int32Array;
  /** Numbers of those of this handle that wait, oldest first. */
  readonly #tickets: number[] = [];

  private constructor(record: SyncRecord, choice: IdleChoice) {
    super('condition', record, choice, {
      buried: () => {
        this.#buried();
      },
    });
    this.#participant = record.participant;
    this.#words = record.participant.words;
  }

  /** Opens a named condition, or makes it. Errors as of `Mutex.open`. */
  static open(name: string, options: NamedOptions & PrimitiveOptions = {}): Condition {
    const choice = checkIdle(options);
    return new Condition(SyncRecord.open(name, SPEC, options), choice);
  }

  /**
   * A condition in a segment of the user's (`Segment.memory`). Zeroes become one for which nobody waits.
   *
   * @param offset - in the segment's bytes, a multiple of 64; `recordBytes` tells how many bytes it takes
   */
  static at(segment: Segment, offset: number, options: PrimitiveOptions = {}): Condition {
    const choice = checkIdle(options);
    return new Condition(SyncRecord.at(segment, offset, SPEC), choice);
  }

  /**
   * Releases the mutex of `guard`, waits until it is signalled, and takes the mutex back: also when the wait is aborted or lasts too long, so the guard is held whenever
   * this settles (unless the mutex itself was closed). Rejects with `AbortError`, `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_CLOSED`, `TypeError` if the guard was released.
   */
  async wait(guard: MutexGuard, options?: WaitOptions): Promise<void> {
    const attempt = this.#enter(guard, options);
    try {
      await this.acquisitions.acquire(attempt, options);
    } finally {
      await guard.mutex.regain(guard);
    }
  }

  /** As {@link Condition.wait}, and blocks the thread. */
  waitSync(guard: MutexGuard, options?: WaitOptions): void {
    const attempt = this.#enter(guard, options);
    try {
      this.acquisitions.acquireSync(attempt, options, () => undefined);
    } finally {
      guard.mutex.regainSync(guard);
    }
  }

  /** Wakes one of those who wait, the one that has waited longest. False if nobody waits. */
  signal(): boolean {
    this.assertOpen();
    return this.#signal();
  }

  /** Wakes all who wait now. */
  broadcast(): void {
    this.assertOpen();
    const high = this.record.rowsHigh;
    for (let slot = 0; slot < high; slot++) {
      const row = this.record.row(slot);
      while (this.#isWaiting(row) && !this.#grant(row, slot, MOST_WAITERS));
    }
  }

  // ---- what its acquisitions ask

  /** Signals that the dead did not use go to others first: who dies in between leaves them to be given once more. */
  #buried(): void {
    const high = this.record.rowsHigh;
    for (let slot = 0; slot < high; slot++) {
      const row = this.record.row(slot);
      const owner = Atomics.load(this.#words, row + ROW_OWNER);
      if (owner !== NOBODY && this.#participant.isGone(owner)) this.#giveAway(row, owner);
    }
  }

  // ---- inside

  /** Counts this one among those who wait, and only then releases the mutex. */
  #enter(guard: MutexGuard, options: WaitOptions | undefined): Attempt<true> {
    this.assertOpen();
    checkWait(options);
    if (!guard.held) throw new TypeError('a guard that has its mutex is needed to wait: this one was released');
    const row = this.record.takeRow((old) => {
      this.#giveAway(old, this.#words[old + ROW_OWNER]);
    }, emptyCounts(this.#participant.me));
    if (this.#tickets.length === MOST_WAITERS) {
      throw new RingwayError(
        'ERR_RINGWAY_OVERFLOW',
        `${MOST_WAITERS} wait at this handle of the condition already: open it once more`,
      );
    }
    const ticket = Atomics.add(this.#words, this.record.word(RECORD_TICKET), 1);
    // Before the count: who sees that somebody waits sees since when.
    if (this.#tickets.length === 0) Atomics.store(this.#words, row + ROW_SECOND, ticket);
    this.#tickets.push(ticket);
    Atomics.add(this.#words, row + ROW_FIRST, 1);
    guard.mutex.releaseBy(guard);
    return {
      what: 'the condition was not signalled',
      take: () => this.#take(ticket),
      dropped: () => {
        // The signal of one who gives up is for whoever has waited longest now.
        if (this.#leave(ticket)) this.#signal();
      },
    };
  }

  #take(ticket: number): true | undefined {
    const counts = Atomics.load(this.#words, this.record.row(this.#participant.slot) + ROW_FIRST);
    if (!this.#isSignalled(ticket, counts)) return undefined;
    this.#leave(ticket);
    return true;
  }

  /** The signals that a row was given are for those who have waited longest there. */
  #isSignalled(ticket: number, counts: number): boolean {
    return signalledIn(counts) > this.#tickets.indexOf(ticket);
  }

  /** One that waited at this handle waits no more. Whether it was signalled: then it takes its signal along. */
  #leave(ticket: number): boolean {
    const row = this.record.row(this.#participant.slot);
    for (let counts = Atomics.load(this.#words, row + ROW_FIRST); ;) {
      const signalled = this.#isSignalled(ticket, counts);
      const left = (counts - 1 - (signalled ? ONE_SIGNAL : 0)) | 0;
      const found = Atomics.compareExchange(this.#words, row + ROW_FIRST, counts, left);
      if (found === counts) {
        this.#tickets.splice(this.#tickets.indexOf(ticket), 1);
        if (this.#tickets.length > 0) Atomics.store(this.#words, row + ROW_SECOND, this.#tickets[0]);
        return signalled;
      }
      counts = found;
    }
  }

  #signal(): boolean {
    for (;;) {
      const slot = this.#oldest();
      if (slot < 0) return false;
      if (this.#grant(this.record.row(slot), slot, 1)) return true;
    }
  }

  /** The slot whose first waiter has waited longest, of those whose waiters were not all signalled; or -1. */
  #oldest(): number {
    let oldest = -1;
    let since = 0;
    const high = this.record.rowsHigh;
    for (let slot = 0; slot < high; slot++) {
      const row = this.record.row(slot);
      if (!this.#isWaiting(row)) continue;
      const ticket = Atomics.load(this.#words, row + ROW_SECOND);
      if (oldest < 0 || ((ticket - since) | 0) < 0) {
        oldest = slot;
        since = ticket;
      }
    }
    return oldest;
  }

  #isWaiting(row: number): boolean {
    const counts = Atomics.load(this.#words, row + ROW_FIRST);
    if (signalledIn(counts) >= waitingIn(counts)) return false;
    const owner = Atomics.load(this.#words, row + ROW_OWNER);
    return owner !== NOBODY && !this.#participant.isGone(owner);
  }

  /** Signals at most so many of a row's waiters. False if the row changed meanwhile. */
  #grant(row: number, slot: number, most: number): boolean {
    const counts = Atomics.load(this.#words, row + ROW_FIRST);
    const more = Math.min(most, waitingIn(counts) - signalledIn(counts));
    if (more <= 0) return false;
    const found = Atomics.compareExchange(this.#words, row + ROW_FIRST, counts, counts + more * ONE_SIGNAL);
    if (found !== counts) return false;
    // Behind the exchange: the waiter announces itself and then looks at its row.
    this.record.doorbells.ringSleeper(slot);
    return true;
  }

  /** The signals of a row whose owner is gone; also those that it is given meanwhile, by who still took the owner for alive. */
  #giveAway(row: number, owner: number): void {
    const empty = emptyCounts(owner);
    for (let given = 0; ;) {
      const counts = Atomics.load(this.#words, row + ROW_FIRST);
      // Empty already, or another owner's.
      if (counts === empty || counts >>> TAG_SHIFT !== empty >>> TAG_SHIFT) return;
      const signalled = signalledIn(counts);
      while (given < signalled && this.#signal()) given++;
      if (Atomics.compareExchange(this.#words, row + ROW_FIRST, counts, empty) === counts) return;
    }
  }
}
