import type { Segment } from '@ringway/memory';
import type { Attempt } from './acquisitions.js';
import { Heir, RESERVATION_MS } from './heir.js';
import { MutexGuard } from './mutex-guard.js';
import type { Participant } from './participant.js';
import { Primitive } from './primitive.js';
import { checkIdle, type IdleChoice, type PrimitiveOptions } from './primitive-options.js';
import { SyncRecord, type NamedOptions, type RecordSpec } from './record.js';
import { NOBODY } from './slot-layout.js';
import { RECORD_DAMAGED, RECORD_HEIR, RECORD_STATE, SYNC_KIND } from './sync-layout.js';
import { deadlockError, ThreadHolders } from './thread-holders.js';
import type { WaitOptions } from './waits.js';

const SPEC: RecordSpec = {
  type: SYNC_KIND.mutex,
  first: undefined,
  second: undefined,
  defaults: [0, 0],
  names: ['', ''],
};

/** All mutexes of this thread, to find one that waits for itself. */
const holders = new ThreadHolders<Mutex>();

/**
 * Mutual exclusion between processes. Who has it is written in one word, as (slot, generation); the kernel's lock on the slot proves who is alive, so the mutex of a killed
 * holder goes to the next who wants it, who is told so ({@link MutexGuard.abandoned}).
 *
 * An acquisition is the owner: `acquire` calls of one process queue in order, each gets its own guard, and only the guard releases. Uncontended, acquire and
 * release are one compare-and-swap each, and no system call.
 *
 * Order: the word is moved by Atomics alone, so all that a holder has written is visible to the next. A releaser frees the word and then looks at the sleepers;
 * a sleeper announces himself and then looks at the word: at least one sees the other (DESIGN P4).
 */
export class Mutex extends Primitive {
  readonly #participant: Participant;
  readonly #words: Int32Array;
  readonly #state: number;
  readonly #heir: Heir;
  readonly #attempt: Attempt<MutexGuard>;
  #guard: MutexGuard | undefined;

  private constructor(record: SyncRecord, choice: IdleChoice) {
    super('mutex', record, choice, {
      isBlockedHere: () => this.#guard !== undefined,
      passOn: () => {
        this.#passOn();
      },
      lookAgainMs: () => this.#lookAgainMs(),
    });
    this.#participant = record.participant;
    this.#words = record.participant.words;
    this.#state = record.word(RECORD_STATE);
    this.#heir = new Heir(record.participant, record.word(RECORD_HEIR));
    this.#attempt = this.#attemptFor(() => new MutexGuard(this));
    holders.add(record.identity, this);
  }

  /**
   * Opens a named mutex, or makes it.
   *
   * Errors: those of opening a segment (`ERR_RINGWAY_KIND_MISMATCH`, `ERR_RINGWAY_NO_SPACE`, `ERR_RINGWAY_OWNER`, …),
   * `ERR_RINGWAY_OPTIONS_MISMATCH`, `ERR_RINGWAY_TOO_MANY_PARTICIPANTS`.
   */
  static open(name: string, options: NamedOptions & PrimitiveOptions = {}): Mutex {
    const choice = checkIdle(options);
    return new Mutex(SyncRecord.open(name, SPEC, options), choice);
  }

  /**
   * A mutex in a segment of the user's (`Segment.memory`). Zeroes become a free one.
   *
   * @param offset - in the segment's bytes, a multiple of 64; `recordBytes` tells how many bytes it takes
   */
  static at(segment: Segment, offset: number, options: PrimitiveOptions = {}): Mutex {
    const choice = checkIdle(options);
    return new Mutex(SyncRecord.at(segment, offset, SPEC), choice);
  }

  /** Whether this handle has it: a guard of it was not released. */
  get held(): boolean {
    return this.#guard !== undefined;
  }

  /** Waits for the mutex on the event loop. Rejects with `AbortError`, `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_CLOSED`. */
  async acquire(options?: WaitOptions): Promise<MutexGuard> {
    this.assertOpen();
    return this.acquisitions.acquire(this.#attempt, options);
  }

  /**
   * Blocks the thread until it has the mutex, ahead of those of this handle that wait on the event loop. Errors: `ERR_RINGWAY_TIMEOUT`,
   * `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_DEADLOCK` if this thread has it.
   */
  acquireSync(options?: WaitOptions): MutexGuard {
    this.assertOpen();
    return this.acquisitions.acquireSync(this.#attempt, options, this.#assertOthers);
  }

  /** Takes the mutex if it is free, or its holder dead. Undefined if not, and while others of this handle wait. */
  tryAcquire(): MutexGuard | undefined {
    this.assertOpen();
    if (this.#guard !== undefined || this.acquisitions.waiting) return undefined;
    const holder = this.#words[this.#state];
    if (holder !== NOBODY) this.#participant.isProvedGone(holder);
    return this.#take(() => new MutexGuard(this));
  }

  /** Acquires, calls `body`, releases, whatever `body` does. */
  async run<T>(body: (guard: MutexGuard) => T | Promise<T>, options?: WaitOptions): Promise<T> {
    const guard = await this.acquire(options);
    try {
      return await body(guard);
    } finally {
      guard.release();
    }
  }

  /** Immediate, idempotent, never throws. Waits reject with `ERR_RINGWAY_CLOSED`; what is held goes to the next as abandoned. */
  override close(): void {
    super.close();
    holders.delete(this.record.identity, this);
    this.#guard = undefined;
  }

  protected override leave(): void {
    if (this.#guard !== undefined) this.#free(this.#participant.former);
  }

  // ---- for its guards and for conditions; not for users

  /** @internal */
  releaseBy(guard: MutexGuard): void {
    if (this.#guard !== guard) return;
    this.#guard = undefined;
    if (this.record.segment.closed) return;
    try {
      this.#free(NOBODY);
    } finally {
      this.acquisitions.advance();
    }
  }

  /** @internal */
  isHeldBy(guard: MutexGuard): boolean {
    return this.#guard === guard;
  }

  /** @internal Takes the mutex back for a guard that gave it up to wait for a condition. */
  regain(guard: MutexGuard): Promise<MutexGuard> {
    this.assertOpen();
    return this.acquisitions.acquire(
      this.#attemptFor(() => guard),
      undefined,
    );
  }

  /** @internal */
  regainSync(guard: MutexGuard): MutexGuard {
    this.assertOpen();
    return this.acquisitions.acquireSync(
      this.#attemptFor(() => guard),
      undefined,
      () => undefined,
    );
  }

  /** @internal */
  get damaged(): boolean {
    this.assertOpen();
    return this.#words[this.record.word(RECORD_DAMAGED)] !== 0;
  }

  /** @internal */
  repair(): void {
    Atomics.store(this.#words, this.record.word(RECORD_DAMAGED), 0);
  }

  // ---- what its acquisitions ask

  /** Whoever has it now wakes the next when he releases it. */
  #passOn(): void {
    const holder = Atomics.load(this.#words, this.#state);
    if (holder === NOBODY || this.#participant.isGone(holder)) this.#wakeNext();
  }

  #lookAgainMs(): number | undefined {
    return Atomics.load(this.#words, this.#state) === NOBODY ? RESERVATION_MS : undefined;
  }

  // ---- inside

  /** Throws `ERR_RINGWAY_DEADLOCK` if this thread itself has the mutex. */
  readonly #assertOthers = (): void => {
    if (holders.some(this.record.identity, (mutex) => mutex.held)) throw deadlockError('mutex');
  };

  #attemptFor(guard: () => MutexGuard): Attempt<MutexGuard> {
    return {
      what: 'the mutex did not become free',
      take: () => (this.#guard === undefined ? this.#takeInTurn(guard) : undefined),
      missed: (since) => {
        this.#heir.claim(since);
      },
      forgone: () => {
        this.#heir.resign();
        this.#passOn();
      },
    };
  }

  /** Leaves a free mutex to the heir. */
  #takeInTurn(guard: () => MutexGuard): MutexGuard | undefined {
    if (this.#words[this.#state] === NOBODY && this.#heir.excludes()) return undefined;
    return this.#take(guard);
  }

  #take(guard: () => MutexGuard): MutexGuard | undefined {
    const { me } = this.#participant;
    const holder = this.#words[this.#state];
    const abandoned = holder !== NOBODY;
    // What names nobody alive is taken over; of all who see that, one wins.
    if (abandoned && !this.#participant.isGone(holder)) return undefined;
    if (Atomics.compareExchange(this.#words, this.#state, holder, me) !== holder) return undefined;
    // Who dies before this store leaves a word that names a dead one, too: the next comes here again.
    if (abandoned) Atomics.store(this.#words, this.record.word(RECORD_DAMAGED), 1);
    this.#heir.resign();
    const taken = guard();
    taken.abandoned ||= abandoned;
    this.#guard = taken;
    return taken;
  }

  #free(word: number): void {
    const { me } = this.#participant;
    // Not a plain store: what is not mine any more (a stranger wrote there) must not be taken from somebody else.
    if (Atomics.compareExchange(this.#words, this.#state, me, word) === me) this.#wakeNext();
    else throw this.record.corruptError('its state was overwritten while it was held');
  }

  #wakeNext(): void {
    const { doorbells } = this.record;
    if (doorbells.someoneSleeps()) this.record.wakeOne(doorbells, this.#heir.slot());
  }
}
