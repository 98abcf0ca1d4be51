import type { Segment } from '@ringway/memory';
import { RingwayError } from '@ringway/memory';
import type { Attempt } from './acquisitions.js';
import { Heir, RESERVATION_MS } from './heir.js';
import { Permits, type SharedPermits } from './permits.js';
import { OwnedPermits } from './owned-permits.js';
import { Primitive } from './primitive.js';
import { checkIdle, type IdleChoice, type PrimitiveOptions } from './primitive-options.js';
import { SyncRecord, type NamedOptions, type RecordSpec } from './record.js';
import { SemaphoreGuard } from './semaphore-guard.js';
import { RECORD_HEIR, SYNC_KIND } from './sync-layout.js';
import type { WaitOptions } from './waits.js';

/** What the creator of a semaphore chooses. */
export interface SemaphoreOptions extends PrimitiveOptions {
  /** Permits: of an owned semaphore all that there are, of a plain one those that are free at first. 0 to 2^31 - 1. Default 1. */
  readonly permits?: number | undefined;
  /** Whether permits belong to whoever acquired them: a killed holder's come back, and nobody else can release them. Default false: anybody may release, as a signal. */
  readonly owned?: boolean | undefined;
}

const MOST_PERMITS = 2 ** 31 - 1;
const DEFAULT_PERMITS = 1;

function specOf({ permits, owned }: SemaphoreOptions): RecordSpec {
  if (permits !== undefined) checkCount('permits', permits, 0);
  if (owned !== undefined && typeof owned !== 'boolean') {
    throw new TypeError(`owned must be true or false, not ${String(owned)}`);
  }
  return {
    type: SYNC_KIND.semaphore,
    first: permits,
    second: owned === undefined ? undefined : Number(owned),
    state: owned === true ? 0 : (permits ?? DEFAULT_PERMITS),
    defaults: [DEFAULT_PERMITS, 0],
    names: ['permits', 'owned'],
  };
}

/**
 * A counting semaphore between processes.
 *
 * *Plain*: a number. `acquire(n)` takes n from it, `release(n)` adds n, whoever calls it: for signalling. What a killed process had acquired is gone with it.
 *
 * *Owned* (`owned: true`): each participant's permits are counted in a row of its own, so a killed holder's come back by themselves; only guards release.
 *
 * Order: permits are moved by Atomics alone; who releases adds and then looks at the sleepers, who sleeps announces himself and then looks at the permits (DESIGN P4). Who
 * takes permits and leaves some wakes the next.
 */
export class Semaphore extends Primitive {
  readonly #permits: SharedPermits;
  readonly #heir: Heir;
  readonly #single: Attempt<SemaphoreGuard>;
  /** Whether permits were left to the heir, when this handle last looked. */
  #excluded = false;

  private constructor(record: SyncRecord, choice: IdleChoice) {
    super('semaphore', record, choice, {
      passOn: () => {
        this.#passOn();
      },
      lookAgainMs: () => this.#lookAgainMs(),
    });
    this.#permits =
      record.second === 1
        ? new OwnedPermits(record, () => {
            this.#passOn();
          })
        : new Permits(record);
    this.#heir = new Heir(record.participant, record.word(RECORD_HEIR));
    this.#single = this.#attemptFor(1);
  }

  /** Opens a named semaphore, or makes it. Errors as of `Mutex.open`; `permits` or `owned` that differ from the creator's are `ERR_RINGWAY_OPTIONS_MISMATCH`. */
  static open(name: string, options: NamedOptions & SemaphoreOptions = {}): Semaphore {
    const spec = specOf(options);
    const choice = checkIdle(options);
    return new Semaphore(SyncRecord.open(name, spec, options), choice);
  }

  /**
   * A semaphore in a segment of the user's (`Segment.memory`). Zeroes become a new one.
   *
   * @param offset - in the segment's bytes, a multiple of 64; `recordBytes` tells how many bytes it takes
   */
  static at(segment: Segment, offset: number, options: SemaphoreOptions = {}): Semaphore {
    const choice = checkIdle(options);
    return new Semaphore(SyncRecord.at(segment, offset, specOf(options)), choice);
  }

  /** Whether permits belong to who acquired them. */
  get owned(): boolean {
    return this.#permits.owned;
  }

  /** Permits that are free just now, as others may change it at any time. */
  get value(): number {
    this.assertOpen();
    return this.#permits.free();
  }

  /** Waits on the event loop until `count` permits can be taken at once (default 1). Rejects with `AbortError`, `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_CLOSED`. */
  async acquire(count = 1, options?: WaitOptions): Promise<SemaphoreGuard> {
    return this.acquisitions.acquire(this.#attempt(count), options);
  }

  /** Blocks the thread until `count` permits can be taken, ahead of those of this handle that wait on the event loop. Errors: `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_CLOSED`. */
  acquireSync(count = 1, options?: WaitOptions): SemaphoreGuard {
    return this.acquisitions.acquireSync(this.#attempt(count), options, canAlwaysEnd);
  }

  /** Takes `count` permits if they are free. Undefined if not, and while others of this handle wait. */
  tryAcquire(count = 1): SemaphoreGuard | undefined {
    this.#check(count);
    if (this.acquisitions.waiting) return undefined;
    const taken = this.#take(count);
    if (taken !== undefined) return taken;
    // Also where enough seem to be free: who died while he took some has the inner lock.
    this.#permits.probe();
    return this.#take(count);
  }

  /**
   * Adds permits to a plain semaphore. Errors: `ERR_RINGWAY_NOT_OWNER` for an owned one (its guards release), `ERR_RINGWAY_OVERFLOW` above 2^31 - 1; then nothing is added.
   */
  release(count = 1): void {
    this.#check(count);
    if (this.#permits.owned) {
      throw new RingwayError(
        'ERR_RINGWAY_NOT_OWNER',
        'permits of an owned semaphore are released by the guard that acquire() gave, and by nobody else',
      );
    }
    this.giveBack(count);
  }

  /** Permits of an owned semaphore come back, those of a plain one do not. */
  protected override leave(): void {
    this.#permits.leave();
    this.#passOn();
  }

  // ---- for its guards

  /** @internal What it held is not its own any more when it was closed. */
  get open(): boolean {
    return !this.closed;
  }

  /** @internal For a guard that was not released yet. */
  giveBack(count: number): void {
    if (!this.open) return;
    this.#permits.giveBack(count);
    this.#wakeNext();
    if (this.acquisitions.waiting) this.acquisitions.advance();
  }

  // ---- what its acquisitions ask

  /**
   * What is free may be too little for this one and enough for others. The heir was rung before all others, so it begins with the first of them; the others pass the ring on behind
   * themselves, and past the heir: so it ends with the last.
   */
  #passOn(): void {
    const { doorbells, participant } = this.record;
    if (!doorbells.someoneSleeps() || !this.#permits.any()) return;
    if (this.#heir.mine) doorbells.ringOne();
    else doorbells.ringNext(participant.slot, this.#heir.slot());
  }

  #lookAgainMs(): number | undefined {
    return this.#excluded ? RESERVATION_MS : undefined;
  }

  // ---- inside

  #attempt(count: number): Attempt<SemaphoreGuard> {
    this.#check(count);
    // Nearly always one: made once, it costs an acquisition nothing.
    return count === 1 ? this.#single : this.#attemptFor(count);
  }

  #attemptFor(count: number): Attempt<SemaphoreGuard> {
    return {
      what: `${count} of the semaphore's permits did not become free`,
      take: () => {
        this.#excluded = this.#heir.present && this.#permits.any() && this.#heir.excludes();
        return this.#excluded ? undefined : this.#take(count);
      },
      missed: (since) => {
        this.#heir.claim(since);
      },
      forgone: () => {
        this.#heir.resign();
        this.#wakeNext();
      },
    };
  }

  #take(count: number): SemaphoreGuard | undefined {
    if (!this.#permits.take(count)) return undefined;
    this.#heir.resign();
    // Whoever added these woke one; what is left is for the next.
    if (this.#permits.any()) this.#wakeNext();
    return new SemaphoreGuard(this, count);
  }

  /** From the first on, since who cannot use what is free passes the ring on behind himself. */
  #wakeNext(): void {
    const { doorbells } = this.record;
    if (!doorbells.someoneSleeps()) return;
    const heir = this.#heir.slot();
    // An heir that is awake looks by itself, but it may want more than there is, and then rings nobody.
    if (heir < 0 || !doorbells.ringSleeper(heir)) doorbells.ringOne();
  }

  #check(count: number): void {
    this.assertOpen();
    checkCount('count', count, 1);
    if (this.#permits.owned && count > this.record.first) {
      throw new RangeError(`count must be at most the ${this.record.first} permits that there are, not ${count}`);
    }
  }
}

/** Somebody else may release at any time. */
function canAlwaysEnd(): void {
  // A thread that waits for permits does not wait for itself.
}

function checkCount(name: string, count: number, least: number): void {
  if (Number.isSafeInteger(count) && count >= least && count <= MOST_PERMITS) return;
  throw new RangeError(`${name} must be a whole number from ${least} to ${MOST_PERMITS}, not ${String(count)}`);
}
