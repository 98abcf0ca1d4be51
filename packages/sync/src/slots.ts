import type { SegmentHandle } from '@ringway/memory';
import {
  GENERATION_MASK,
  NOBODY,
  OWNER_SLOT_BITS,
  OWNER_SLOT_MASK,
  SLOT_DOORBELL_WORD,
  SLOT_GENERATION_WORD,
  SLOT_JOINED_FLOAT,
  SLOT_LABEL_BYTE,
  SLOT_LABEL_BYTES,
  SLOT_LOST_WORD,
  SLOT_PID_WORD,
  SLOT_ROLE_WORD,
  SLOT_STATE,
  SLOT_STATE_WORD,
  SLOT_WORDS,
} from './slot-layout.js';

/** A participant as people see it. */
export interface Peer {
  /** Index in the participant table. */
  readonly slot: number;
  /** As given on joining; empty if none was. */
  readonly label: string;
  /** In the PID namespace of its own; decides nothing. */
  readonly pid: number;
  /** The number that the layer above gave on joining. */
  readonly role: number;
}

/**
 * The participant table (DESIGN section 5). A slot belongs to whoever holds its lock; the words only say what is to be done
 * with it. All methods that change a slot are for the holder of its lock.
 *
 * Why a death is certain: the kernel lets the lock go when the last descriptor of the owner's open file description is
 * gone, and not before. Why the order of stores in {@link Slots.markOrphan}, {@link Slots.raise} and {@link Slots.free} matters:
 * an owner word is dead as soon as its slot is orphan *or* its generation is not the slot's, and the first must hold until all
 * that the dead one left was repaired, the second for ever after.
 */
export class Slots {
  readonly #segment: SegmentHandle;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #base: number;
  /** Number of slots. */
  readonly count: number;

  /**
   * @param segment - whose slot locks these are
   * @param buffer - the mapped control area
   * @param offset - where the table begins in it, in bytes, a multiple of 64
   * @param count - number of entries, at most `MAX_SLOTS`
   */
  constructor(segment: SegmentHandle, buffer: ArrayBuffer, offset: number, count: number) {
    this.#segment = segment;
    this.#words = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#base = offset / 4;
    this.count = count;
  }

  /** Index of a slot's doorbell in the control area's words. */
  doorbell(slot: number): number {
    return this.#base + slot * SLOT_WORDS + SLOT_DOORBELL_WORD;
  }

  state(slot: number): number {
    return Atomics.load(this.#words, this.#base + slot * SLOT_WORDS + SLOT_STATE_WORD);
  }

  generation(slot: number): number {
    return Atomics.load(this.#words, this.#base + slot * SLOT_WORDS + SLOT_GENERATION_WORD);
  }

  /** Whether this generation of a slot died, instead of leaving; see {@link Slots.markOrphan}. Only the last loss is remembered. */
  wasLost(slot: number, generation: number): boolean {
    return Atomics.load(this.#words, this.#base + slot * SLOT_WORDS + SLOT_LOST_WORD) === generation + 1;
  }

  /** The owner word of a slot's present generation. */
  owner(slot: number): number {
    return (slot + 1) | (this.generation(slot) << OWNER_SLOT_BITS) | 0;
  }

  /** The slot that an owner word names, or -1 for nobody or for what no slot of this table can be. */
  slotOf(owner: number): number {
    const slot = (owner & OWNER_SLOT_MASK) - 1;
    return slot < this.count ? slot : -1;
  }

  /**
   * Whether an owner word names a generation that is over: its slot was freed or taken anew since, or there is no such slot.
   * Everything that it owned in a protocol was repaired before that, so who finds such a word may replace it. (False for a dead
   * owner whom nobody has adopted yet: that needs his lock.)
   */
  isPast(owner: number): boolean {
    const slot = this.slotOf(owner);
    if (slot < 0) return owner !== NOBODY;
    return ((this.generation(slot) ^ (owner >>> OWNER_SLOT_BITS)) & GENERATION_MASK) !== 0;
  }

  peer(slot: number): Peer {
    const entry = this.#base + slot * SLOT_WORDS;
    const start = entry * 4 + SLOT_LABEL_BYTE;
    // A private copy: others may write the label while it is decoded (P2).
    const label = Buffer.from(this.#bytes.slice(start, start + SLOT_LABEL_BYTES));
    const end = label.indexOf(0);
    return {
      slot,
      label: label.toString('utf8', 0, end < 0 ? SLOT_LABEL_BYTES : end),
      pid: this.#words[entry + SLOT_PID_WORD],
      role: this.#words[entry + SLOT_ROLE_WORD],
    };
  }

  /** Takes the slot's lock, if nobody has it. Says nothing of the slot's state: look at it afterwards. */
  tryLock(slot: number): boolean {
    return this.#segment.tryLock(slot);
  }

  unlock(slot: number): void {
    this.#segment.unlock(slot);
  }

  /** Makes a locked slot mine. Its rows must be clean, or known to the caller, before. */
  occupy(slot: number, label: string, role: number): void {
    const entry = this.#base + slot * SLOT_WORDS;
    const start = entry * 4 + SLOT_LABEL_BYTE;
    this.#bytes.fill(0, start, start + SLOT_LABEL_BYTES);
    this.#bytes.set(Buffer.from(label, 'utf8').subarray(0, SLOT_LABEL_BYTES), start);
    this.#words[entry + SLOT_PID_WORD] = process.pid;
    this.#words[entry + SLOT_ROLE_WORD] = role;
    this.#floats[entry / 2 + SLOT_JOINED_FLOAT] = Date.now();
    // Pairs with the load in `state`: who sees `live` sees label and pid.
    Atomics.store(this.#words, entry + SLOT_STATE_WORD, SLOT_STATE.live);
  }

  /** First step of adoption: from here everybody knows that this generation is dead. `lost` is false for a handover. */
  markOrphan(slot: number, lost: boolean): void {
    const entry = this.#base + slot * SLOT_WORDS;
    // Before the state, so that no observer sees an orphan of which it cannot tell whether it was lost.
    if (lost) Atomics.store(this.#words, entry + SLOT_LOST_WORD, this.generation(slot) + 1);
    Atomics.store(this.#words, entry + SLOT_STATE_WORD, SLOT_STATE.orphan);
  }

  /** Ends a generation: after everything that it owned was repaired, and before the slot is used or freed. */
  raise(slot: number): void {
    const entry = this.#base + slot * SLOT_WORDS;
    Atomics.store(this.#words, entry + SLOT_GENERATION_WORD, (this.generation(slot) + 1) & GENERATION_MASK);
  }

  /** Last step of leaving and of adoption: nothing is left. Lets the lock go. */
  free(slot: number): void {
    this.raise(slot);
    Atomics.store(this.#words, this.#base + slot * SLOT_WORDS + SLOT_STATE_WORD, SLOT_STATE.free);
    this.#segment.unlock(slot);
  }

  /** Leaves with work unfinished, for others to adopt. Lets the lock go. */
  handOver(slot: number): void {
    Atomics.store(this.#words, this.#base + slot * SLOT_WORDS + SLOT_STATE_WORD, SLOT_STATE.left);
    this.#segment.unlock(slot);
  }
}
