import type { Segment } from '@ringway/memory';
import { RingwayError } from '@ringway/memory';
import type { Attempt } from './acquisitions.js';
import type { Participant } from './participant.js';
import { Primitive } from './primitive.js';
import { checkIdle, type IdleChoice, type PrimitiveOptions } from './primitive-options.js';
import { SyncRecord, type NamedOptions, type RecordSpec } from './record.js';
import { NOBODY } from './slot-layout.js';
import { BROKEN_PHASES, RECORD_BROKEN, RECORD_RESETS, RECORD_STATE, ROW_OWNER, SYNC_KIND } from './sync-layout.js';
import { checkWait, type WaitOptions } from './waits.js';

/** What the creator of a barrier chooses. */
export interface BarrierOptions extends PrimitiveOptions {
  /** How many must arrive, 1 to 32,767. Needed to create one; default otherwise: the creator's. */
  readonly parties?: number | undefined;
}

const MOST_PARTIES = 0x7fff;

/**
 * The state word:
 *
 *      31            16   15     14         0
 *     +----------------+--------+------------+
 *     |     phase      | broken |  arrived   |
 *     +----------------+--------+------------+
 */
const PHASE_BITS = 16;
const PHASE_MASK = (1 << PHASE_BITS) - 1;
const BROKEN = 1 << 15;
const ARRIVED_MASK = BROKEN - 1;
/** So many phases later the mark of one that was broken is still there. */
const MARKED_PHASES = BROKEN_PHASES / 2;

function specOf({ parties }: BarrierOptions): RecordSpec {
  if (parties !== undefined && !(Number.isSafeInteger(parties) && parties >= 1 && parties <= MOST_PARTIES)) {
    throw new RangeError(`parties must be a whole number from 1 to ${MOST_PARTIES}, not ${String(parties)}`);
  }
  return { type: SYNC_KIND.barrier, first: parties, second: undefined, defaults: [0, 0], names: ['parties', ''] };
}

/**
 * Lets nobody go on before all have arrived, again and again: between processes.
 *
 * A handle takes part from when it is opened. If one dies, or one that waits gives up (abort, timeout, close), the barrier *breaks*: all that wait, and all that come, get
 * `ERR_RINGWAY_BROKEN_BARRIER` instead of waiting for what can never be (as in java.util.concurrent.CyclicBarrier), until somebody calls {@link Barrier.reset}.
 *
 * Phase, broken and the number that has arrived are one word, moved by compare-and-swap: an arrival counts in exactly one phase, and each phase either passes or
 * breaks for all.
 */
export class Barrier extends Primitive {
  readonly #participant: Participant;
  readonly #words: Int32Array;
  readonly #state: number;

  private constructor(record: SyncRecord, choice: IdleChoice) {
    super('barrier', record, choice, {
      buried: () => {
        this.#buried();
      },
    });
    this.#participant = record.participant;
    this.#words = record.participant.words;
    this.#state = record.word(RECORD_STATE);
    record.takeRow((row) => {
      this.#breakFor(row);
    });
  }

  /**
   * Opens a named barrier, or makes it, and takes part. Errors as of `Mutex.open`; other `parties` than the creator's are `ERR_RINGWAY_OPTIONS_MISMATCH`.
   * Without `parties` it is never made: `ERR_RINGWAY_NOT_FOUND` if it is missing.
   */
  static open(name: string, options: NamedOptions & BarrierOptions = {}): Barrier {
    const spec = specOf(options);
    if (options.parties === undefined && options.create === 'always') throw noParties();
    const create = options.parties === undefined ? 'never' : options.create;
    const choice = checkIdle(options);
    return new Barrier(SyncRecord.open(name, spec, { ...options, create }), choice);
  }

  /**
   * A barrier in a segment of the user's (`Segment.memory`). Zeroes become a new one.
   *
   * @param offset - in the segment's bytes, a multiple of 64; `recordBytes` tells how many bytes it takes
   */
  static at(segment: Segment, offset: number, options: BarrierOptions & { readonly parties: number }): Barrier {
    // As a caller without types may have it.
    if ((options as BarrierOptions).parties === undefined) throw noParties();
    const choice = checkIdle(options);
    return new Barrier(SyncRecord.at(segment, offset, specOf(options)), choice);
  }

  /** How many must arrive. */
  get parties(): number {
    return this.record.first;
  }

  /** How many have arrived and wait. */
  get arrived(): number {
    this.assertOpen();
    return Atomics.load(this.#words, this.#state) & ARRIVED_MASK;
  }

  /** Whether it is broken. */
  get broken(): boolean {
    this.assertOpen();
    return (Atomics.load(this.#words, this.#state) & BROKEN) !== 0;
  }

  /**
   * Arrives, and waits on the event loop until all have. True for the one that arrived last. Rejects with `ERR_RINGWAY_BROKEN_BARRIER`; with `AbortError`,
   * `ERR_RINGWAY_TIMEOUT` or `ERR_RINGWAY_CLOSED`, which break the barrier for the others.
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    return (await this.acquisitions.acquire(this.#arrive(options), options)).last;
  }

  /** As {@link Barrier.wait}, and blocks the thread. */
  waitSync(options?: WaitOptions): boolean {
    return this.acquisitions.acquireSync(this.#arrive(options), options, () => undefined).last;
  }

  /** Makes a broken barrier whole again: from here arrivals count anew. False if it is not broken. */
  reset(): boolean {
    this.assertOpen();
    for (let state = Atomics.load(this.#words, this.#state); (state & BROKEN) !== 0;) {
      const phase = state >>> PHASE_BITS;
      this.#markBroken(state, phase);
      const found = Atomics.compareExchange(this.#words, this.#state, state, ((phase + 1) << PHASE_BITS) | 0);
      if (found === state) {
        this.#advanced(phase);
        return true;
      }
      state = found;
    }
    return false;
  }

  /** Before the phase ends: who looks late finds out what came of his. */
  #markBroken(state: number, phase: number): void {
    const word = this.#brokenWord(phase);
    const mark = Atomics.load(this.#words, word);
    // Read in this phase, or somebody else has reset it: else who stood still meanwhile would undo the mark of a later one.
    if (Atomics.load(this.#words, this.#state) !== state) return;
    Atomics.compareExchange(this.#words, word, mark, phase + 1);
    Atomics.add(this.#words, this.record.word(RECORD_RESETS), 1);
  }

  /** Who waits has broken it by now; who does not takes no part any more. */
  protected override leave(): void {
    const row = this.record.row(this.#participant.slot);
    Atomics.compareExchange(this.#words, row + ROW_OWNER, this.#participant.me, NOBODY);
  }

  // ---- what its acquisitions ask

  #buried(): void {
    const high = this.record.rowsHigh;
    for (let slot = 0; slot < high; slot++) this.#breakFor(this.record.row(slot));
  }

  // ---- inside

  /** Counts one more in the present phase. Throws `ERR_RINGWAY_BROKEN_BARRIER`. */
  #arrive(options: WaitOptions | undefined): Attempt<{ last: boolean }> {
    this.assertOpen();
    checkWait(options);
    this.#buried();
    // Before it counts: a reset after this is one that may concern it.
    const resets = Atomics.load(this.#words, this.record.word(RECORD_RESETS));
    const { phase, last } = this.#count();
    if (last) this.#advanced(phase);
    return {
      what: 'not all arrived at the barrier',
      take: () => (last ? { last } : this.#outcome(phase, resets)),
      dropped: () => {
        this.#break(phase);
      },
    };
  }

  #count(): { phase: number; last: boolean } {
    for (let state = Atomics.load(this.#words, this.#state); ;) {
      if ((state & BROKEN) !== 0) throw brokenError();
      const phase = state >>> PHASE_BITS;
      const last = (state & ARRIVED_MASK) + 1 >= this.parties;
      const next = last ? ((phase + 1) << PHASE_BITS) | 0 : state + 1;
      const found = Atomics.compareExchange(this.#words, this.#state, state, next);
      if (found === state) return { phase, last };
      state = found;
    }
  }

  /** What came of a phase in which this handle has arrived. Undefined: nothing yet. */
  #outcome(phase: number, resets: number): { last: boolean } | undefined {
    const state = Atomics.load(this.#words, this.#state);
    const later = ((state >>> PHASE_BITS) - phase) & PHASE_MASK;
    if (later === 0 && (state & BROKEN) === 0) return undefined;
    if (later === 0 || this.#wasBroken(phase, later, resets)) throw brokenError();
    return { last: false };
  }

  /** Whether a phase that is over was broken. Of one so far back that its mark may be gone: whether any was since, for then nobody can say that this one was not. */
  #wasBroken(phase: number, later: number, resets: number): boolean {
    if (Atomics.load(this.#words, this.#brokenWord(phase)) === phase + 1) return true;
    return later > MARKED_PHASES && Atomics.load(this.#words, this.record.word(RECORD_RESETS)) !== resets;
  }

  /** A phase is over: after its end was written. */
  #advanced(phase: number): void {
    // Phases come again after 2^16: what a far phase left here must be gone by then. Far from those that somebody may still ask for.
    const word = this.#brokenWord(phase + MARKED_PHASES);
    const mark = Atomics.load(this.#words, word);
    // Who stood still meanwhile must not undo the mark of a later phase.
    const before = ((phase - mark) & PHASE_MASK) <= PHASE_MASK >> 1;
    if (mark !== 0 && before) Atomics.compareExchange(this.#words, word, mark, 0);
    this.record.doorbells.ringAll();
  }

  #brokenWord(phase: number): number {
    return this.record.word(RECORD_BROKEN) + (phase % BROKEN_PHASES);
  }

  /** Breaks a phase, if it is still the present one. */
  #break(phase: number): void {
    for (let state = Atomics.load(this.#words, this.#state); state >>> PHASE_BITS === phase;) {
      if ((state & BROKEN) !== 0) return;
      const found = Atomics.compareExchange(this.#words, this.#state, state, state | BROKEN);
      if (found === state) {
        this.record.doorbells.ringAll();
        return;
      }
      state = found;
    }
  }

  /**
   * If the owner of a row is gone without having left: breaks the barrier, and then clears the row. Who dies in between leaves it to be done once more; the worst that comes of it, when somebody
   * resets the barrier in between, is that it must be reset again.
   */
  #breakFor(row: number): void {
    const owner = Atomics.load(this.#words, row + ROW_OWNER);
    if (owner === NOBODY || !this.#participant.isGone(owner)) return;
    this.#break(Atomics.load(this.#words, this.#state) >>> PHASE_BITS);
    Atomics.compareExchange(this.#words, row + ROW_OWNER, owner, NOBODY);
  }
}

function noParties(): RangeError {
  return new RangeError('a barrier is made for a number of parties: give it as parties');
}

function brokenError(): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_BROKEN_BARRIER',
    'the barrier is broken: a participant died or gave up, so not all can arrive any more. When all know, call reset()',
  );
}
