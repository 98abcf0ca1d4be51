import type { Segment } from '@ringway/memory';
import type { Attempt } from './acquisitions.js';
import type { Doorbells } from './doorbell.js';
import { Heir, RESERVATION_MS } from './heir.js';
import type { Participant } from './participant.js';
import { Primitive } from './primitive.js';
import { checkIdle, type IdleChoice, type PrimitiveOptions } from './primitive-options.js';
import { SyncRecord, type NamedOptions, type RecordSpec } from './record.js';
import { RwLockGuard } from './rw-lock-guard.js';
import { NOBODY } from './slot-layout.js';
import {
  RECORD_DAMAGED,
  RECORD_HEIR,
  RECORD_INSIDE,
  RECORD_READING_HEIR,
  RECORD_STATE,
  ROW_FIRST,
  SYNC_KIND,
} from './sync-layout.js';
import { deadlockError, ThreadHolders } from './thread-holders.js';
import type { WaitOptions } from './waits.js';

/** How an {@link RwLock} is held: by many readers, or by one writer. */
export type RwLockMode = 'read' | 'write';

const SPEC: RecordSpec = {
  type: SYNC_KIND.rwLock,
  first: undefined,
  second: undefined,
  defaults: [0, 0],
  names: ['', ''],
};

const holders = new ThreadHolders<RwLock>();

/**
 * Many readers or one writer, between processes. A killed reader or writer frees its share; the next after a writer that died while it wrote is told.
 *
 * A reader raises a flag in its own row, and then looks whether there is a writer; a writer puts its name into the state word, and then waits until all rows are down. Both are
 * sequentially consistent, so of a reader and a writer that come at the same time at least one sees the other, and then the reader stands back: writers are not starved. A
 * reader or writer that has waited for a millisecond goes before the next writer (see heir.ts).
 */
export class RwLock extends Primitive {
  readonly #participant: Participant;
  readonly #words: Int32Array;
  readonly #state: number;
  readonly #inside: number;
  /** My row. */
  readonly #row: number;
  readonly #heir: Heir;
  readonly #readingHeir: Heir;
  readonly #attempts: Readonly<Record<RwLockMode, Attempt<RwLockGuard>>>;
  /** Guards that are held. */
  readonly #readers = new Set<RwLockGuard>();
  #writer: RwLockGuard | undefined;
  /** Which of the two was tried last. */
  #wanted: RwLockMode = 'read';
  /** Where this handle has said that it sleeps. */
  #announced: Doorbells;

  private constructor(record: SyncRecord, choice: IdleChoice) {
    super('read-write lock', record, choice, {
      isBlockedHere: (attempt) => this.#isBlockedHere(attempt),
      announce: () => {
        this.#announce();
      },
      withdraw: () => this.#withdraw(),
      passOn: () => {
        this.#passOn();
      },
      lookAgainMs: () => this.#lookAgainMs(),
    });
    this.#participant = record.participant;
    this.#words = record.participant.words;
    this.#state = record.word(RECORD_STATE);
    this.#inside = record.word(RECORD_INSIDE);
    this.#row = record.takeRow(() => undefined);
    this.#heir = new Heir(record.participant, record.word(RECORD_HEIR));
    this.#readingHeir = new Heir(record.participant, record.word(RECORD_READING_HEIR));
    this.#announced = record.doorbells;
    this.#attempts = {
      read: {
        what: 'the lock did not become free for reading',
        take: () => this.#takeToRead(false),
        missed: (since) => {
          this.#readingHeir.claim(since);
        },
        forgone: () => {
          this.#readingHeir.resign();
        },
      },
      write: {
        what: 'the lock did not become free for writing',
        take: () => this.#takeToWrite(false),
        missed: (since) => {
          this.#heir.claim(since);
        },
        forgone: () => {
          this.#heir.resign();
          this.#standBack();
        },
      },
    };
    holders.add(record.identity, this);
  }

  /** Opens a named read-write lock, or makes it. Errors as of `Mutex.open`. */
  static open(name: string, options: NamedOptions & PrimitiveOptions = {}): RwLock {
    const choice = checkIdle(options);
    return new RwLock(SyncRecord.open(name, SPEC, options), choice);
  }

  /**
   * A read-write lock in a segment of the user's (`Segment.memory`). Zeroes become a free one.
   *
   * @param offset - in the segment's bytes, a multiple of 64; `recordBytes` tells how many bytes it takes
   */
  static at(segment: Segment, offset: number, options: PrimitiveOptions = {}): RwLock {
    const choice = checkIdle(options);
    return new RwLock(SyncRecord.at(segment, offset, SPEC), choice);
  }

  /** How this handle holds it, or undefined. */
  get held(): RwLockMode | undefined {
    if (this.#writer !== undefined) return 'write';
    return this.#readers.size > 0 ? 'read' : undefined;
  }

  /** Waits on the event loop until it may read. Rejects with `AbortError`, `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_CLOSED`. */
  async read(options?: WaitOptions): Promise<RwLockGuard> {
    this.assertOpen();
    return this.acquisitions.acquire(this.#attempts.read, options);
  }

  /** Waits on the event loop until it may write. Rejects with `AbortError`, `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_CLOSED`. */
  async write(options?: WaitOptions): Promise<RwLockGuard> {
    this.assertOpen();
    return this.acquisitions.acquire(this.#attempts.write, options);
  }

  /** Blocks the thread until it may read. Errors: `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_DEADLOCK` if this thread writes. */
  readSync(options?: WaitOptions): RwLockGuard {
    this.assertOpen();
    // A thread that reads already must not wait for a writer that waits for it.
    const joined = this.#readers.size > 0 ? this.#takeToRead(true) : undefined;
    if (joined !== undefined) return joined;
    return this.acquisitions.acquireSync(this.#attempts.read, options, () => {
      if (holders.some(this.record.identity, (lock) => lock.held !== undefined)) throw deadlockError('lock');
    });
  }

  /** Blocks the thread until it may write. Errors: `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_DEADLOCK` if this thread reads or writes. */
  writeSync(options?: WaitOptions): RwLockGuard {
    this.assertOpen();
    return this.acquisitions.acquireSync(this.#attempts.write, options, () => {
      if (holders.some(this.record.identity, (lock) => lock.held !== undefined)) throw deadlockError('lock');
    });
  }

  /** Reads if no writer writes or waits. Undefined if not, and while others of this handle wait. */
  tryRead(): RwLockGuard | undefined {
    this.assertOpen();
    if (this.acquisitions.waiting) return undefined;
    this.#participant.isProvedGone(this.#words[this.#state]);
    return this.#takeToRead(true);
  }

  /** Writes if nobody else reads or writes. Undefined if not, and while others of this handle wait. */
  tryWrite(): RwLockGuard | undefined {
    this.assertOpen();
    if (this.acquisitions.waiting) return undefined;
    this.#participant.isProvedGone(this.#words[this.#state]);
    this.#provedReaders();
    const guard = this.#takeToWrite(true);
    if (guard === undefined) this.#standBack();
    return guard;
  }

  /** Immediate, idempotent, never throws. Waits reject with `ERR_RINGWAY_CLOSED`; a writer's share goes to the next as abandoned. */
  override close(): void {
    super.close();
    holders.delete(this.record.identity, this);
    this.#writer = undefined;
    this.#readers.clear();
  }

  protected override leave(): void {
    // That this one is inside stays written: the next writer finds it, and is told.
    if (this.#writer !== undefined) Atomics.store(this.#words, this.#state, NOBODY);
    if (this.#readers.size > 0) Atomics.store(this.#words, this.#row + ROW_FIRST, 0);
    this.#wakeAll();
  }

  // ---- for its guards

  /** @internal */
  releaseBy(guard: RwLockGuard): void {
    const wrote = this.#writer === guard;
    if (!wrote && !this.#readers.delete(guard)) return;
    if (wrote) this.#writer = undefined;
    if (this.record.segment.closed) return;
    try {
      if (wrote) {
        // In this order: who dies in between has written all that he wanted.
        Atomics.store(this.#words, this.#inside, NOBODY);
        this.#leaveState();
      } else if (this.#readers.size === 0) {
        Atomics.store(this.#words, this.#row + ROW_FIRST, 0);
        this.#wakeWriter();
      }
    } finally {
      this.acquisitions.advance();
    }
  }

  /** @internal */
  isHeldBy(guard: RwLockGuard): boolean {
    return this.#writer === guard || this.#readers.has(guard);
  }

  /** @internal For who holds the lock: a name that still stands inside, and is not this handle's, is a dead writer's. */
  get damaged(): boolean {
    this.assertOpen();
    const inside = Atomics.load(this.#words, this.#inside);
    if (inside !== NOBODY && this.#writer === undefined) return true;
    return Atomics.load(this.#words, this.record.word(RECORD_DAMAGED)) !== 0;
  }

  /** @internal */
  repair(): void {
    Atomics.store(this.#words, this.record.word(RECORD_DAMAGED), 0);
  }

  // ---- what its acquisitions ask

  /** Nobody rings this handle when its own guards are released. */
  #isBlockedHere(attempt: Attempt<unknown>): boolean {
    return this.#writer !== undefined || (attempt === this.#attempts.write && this.#readers.size > 0);
  }

  #announce(): void {
    this.#announced = this.#wanted === 'read' ? this.record.doorbells : this.record.writers;
    this.#announced.announce(this.#participant.slot);
  }

  #withdraw(): boolean {
    return this.#announced.withdraw(this.#participant.slot);
  }

  #passOn(): void {
    const state = Atomics.load(this.#words, this.#state);
    if (state === NOBODY || this.#participant.isGone(state)) this.#wakeAll();
    else this.#wakeWriter();
  }

  #lookAgainMs(): number | undefined {
    return Atomics.load(this.#words, this.#state) === NOBODY ? RESERVATION_MS : undefined;
  }

  // ---- inside

  #takeToRead(barging: boolean): RwLockGuard | undefined {
    this.#wanted = 'read';
    if (this.#writer !== undefined) return undefined;
    if (this.#readers.size === 0) {
      const writer = this.#words[this.#state];
      if (writer !== NOBODY && !this.#participant.isGone(writer)) return undefined;
      Atomics.store(this.#words, this.#row + ROW_FIRST, 1);
      if (!this.#mayRead()) {
        Atomics.store(this.#words, this.#row + ROW_FIRST, 0);
        // A writer may have seen the flag and gone to sleep.
        this.#wakeWriter();
        return undefined;
      }
    } else if (!barging && !this.#mayRead()) {
      // A writer waits: those who come now stand behind it.
      return undefined;
    }
    this.#readingHeir.resign();
    const guard = new RwLockGuard(this, 'read');
    this.#readers.add(guard);
    return guard;
  }

  /** With my flag up: whether there is no writer. One that is dead is removed. */
  #mayRead(): boolean {
    const state = Atomics.load(this.#words, this.#state);
    if (state === NOBODY) return true;
    if (!this.#participant.isGone(state)) return false;
    if (Atomics.compareExchange(this.#words, this.#state, state, NOBODY) !== state) return false;
    // The next writer sees my flag. Those who slept while the dead one was there need not find out for themselves.
    this.#wakeAll();
    return true;
  }

  #takeToWrite(barging: boolean): RwLockGuard | undefined {
    this.#wanted = 'write';
    const { me } = this.#participant;
    if (this.#writer !== undefined || this.#readers.size > 0) return undefined;
    const state = this.#words[this.#state];
    if (state !== me) {
      const dead = state !== NOBODY;
      if (dead ? !this.#participant.isGone(state) : !barging && this.#isReserved()) return undefined;
      if (Atomics.compareExchange(this.#words, this.#state, state, me) !== state) return undefined;
    }
    // From here no reader comes in. Behind the exchange, which pairs with the readers' flags.
    if (this.#someoneReads()) return undefined;
    this.#heir.resign();
    const guard = new RwLockGuard(this, 'write');
    // Nobody else is inside: whoever has not taken his name away was killed there. Damage first, then my name: who dies in between leaves the other's.
    guard.abandoned = Atomics.load(this.#words, this.#inside) !== NOBODY;
    if (guard.abandoned) Atomics.store(this.#words, this.record.word(RECORD_DAMAGED), 1);
    Atomics.store(this.#words, this.#inside, me);
    this.#writer = guard;
    return guard;
  }

  /** Whether a free lock is left to somebody who has waited for long. */
  #isReserved(): boolean {
    return this.#heir.excludes() || this.#readingHeir.excludes();
  }

  #someoneReads(): boolean {
    const high = this.record.rowsHigh;
    for (let slot = 0; slot < high; slot++) if (this.#reads(slot)) return true;
    return false;
  }

  #reads(slot: number): boolean {
    const row = this.record.row(slot);
    if (Atomics.load(this.#words, row + ROW_FIRST) === 0) return false;
    const owner = Atomics.load(this.#words, row);
    return owner !== NOBODY && owner !== this.#participant.me && !this.#participant.isGone(owner);
  }

  #provedReaders(): void {
    const high = this.record.rowsHigh;
    for (let slot = 0; slot < high; slot++) {
      if (this.#reads(slot)) this.#participant.isProvedGone(Atomics.load(this.#words, this.record.row(slot)));
    }
  }

  /** Wants to write no more. */
  #standBack(): void {
    if (this.#words[this.#state] === this.#participant.me && this.#writer === undefined) this.#leaveState();
  }

  #leaveState(): void {
    const { me } = this.#participant;
    if (Atomics.compareExchange(this.#words, this.#state, me, NOBODY) === me) this.#wakeAll();
    else throw this.record.corruptError('its state was overwritten while it was held');
  }

  /** The lock is free: all readers may come, or one writer. */
  #wakeAll(): void {
    this.record.doorbells.ringAll();
    this.record.wakeOne(this.record.writers, this.#heir.slot());
  }

  /** The last reader may have left: the writer whose name stands in the state looks again. */
  #wakeWriter(): void {
    const state = Atomics.load(this.#words, this.#state);
    const slot = state === NOBODY ? -1 : this.#participant.slots.slotOf(state);
    if (slot >= 0 && slot !== this.#participant.slot) this.record.writers.ringSleeper(slot);
  }
}
