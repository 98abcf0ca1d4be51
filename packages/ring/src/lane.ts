import type { SegmentHandle } from '@ringway/memory';
import { NOBODY, STRONG_ORDER, type Doorbells, type Slots } from '@ringway/sync';
import {
  LANE_BYTES_FLOAT,
  LANE_EPOCH,
  LANE_HEADER_WORDS,
  LANE_INTENT,
  LANE_INTENT_HALF_LAPS,
  LANE_LABEL_BYTE,
  LANE_LABEL_BYTES,
  LANE_HALF_LAPS,
  LANE_LEASE,
  LANE_MESSAGES_FLOAT,
  LANE_NEXT,
  LANE_OLDEST_FLOAT,
  LANE_OWNER,
  LANE_POSITION,
  LANE_PRIORITY,
  LANE_QUARANTINE,
  LANE_STATE,
  LANE_STATE_WORD,
  LANE_WAITS_FLOAT,
  LANE_WANTED,
  LEASE_FREE,
  CHANNEL_BYTE,
  CHANNEL_DRAIN_WANTED,
  ROW_WORDS,
  type ChannelLayout,
} from './layout.js';
import { CONTRADICTION, type Room, type Rows } from './rows.js';
import { removeSpills } from './spill.js';

/** Positions are told apart over 2^32 bytes by counting these. */
const HALF_LAP = 2 ** 31;

/** The half-laps that belong to a position, from a count that may lag behind it by one. */
export function currentHalfLaps(counted: number, position: number): number {
  const lags = ((counted ^ (position >>> 31)) & 1) !== 0;
  return (counted + (lags ? 1 : 0)) >>> 0;
}

/** What a lane needs of the channel that it belongs to. */
export interface LaneContext {
  readonly segment: SegmentHandle;
  readonly layout: ChannelLayout;
  readonly words: Int32Array;
  readonly slots: Slots;
  readonly doorbells: Doorbells;
  readonly rows: Rows;
  /** Everything was acknowledged while somebody waited for that; called by whoever acknowledged last. */
  readonly drained: () => void;
}

/**
 * One lane as this handle sees it: its header's words, its bytes once they are mapped, and what both sides need to know of it. Writing is
 * LaneWriter's, claiming is Claim's.
 */
export class Lane {
  readonly index: number;
  /** Size of the ring in bytes, a power of two. */
  readonly capacity: number;
  /** Index of the lane header in the control area's words. */
  readonly base: number;
  readonly #context: LaneContext;
  readonly #words: Int32Array;
  readonly #rows: number;
  readonly #queue: number;
  #bytes: Uint8Array | undefined;
  #frames: Int32Array | undefined;

  constructor(context: LaneContext, index: number) {
    const { layout } = context;
    this.#context = context;
    this.#words = context.words;
    this.index = index;
    this.capacity = layout.laneBytes;
    this.base = layout.lanesByte / 4 + index * LANE_HEADER_WORDS;
    this.#rows = layout.rowsByte / 4 + index * layout.consumers * ROW_WORDS;
    this.#queue = CHANNEL_BYTE / 4;
  }

  /** The object that the lane is a part of. */
  get segment(): SegmentHandle {
    return this.#context.segment;
  }

  /** Index of a consumer's claim row in the control area's words. */
  row(consumer: number): number {
    return this.#rows + consumer * ROW_WORDS;
  }

  /** The lane's bytes, mapped so that a frame is contiguous wherever it begins. The lane must have been taken by somebody. */
  get bytes(): Uint8Array {
    return (this.#bytes ??= new Uint8Array(this.#map()));
  }

  /** The same as 32-bit words. */
  get frames(): Int32Array {
    return (this.#frames ??= new Int32Array(this.bytes.buffer, 0, this.bytes.length >> 2));
  }

  get owner(): number {
    return Atomics.load(this.#words, this.base + LANE_OWNER);
  }

  get state(): number {
    return Atomics.load(this.#words, this.base + LANE_STATE_WORD);
  }

  get position(): number {
    return Atomics.load(this.#words, this.base + LANE_POSITION);
  }

  get quarantined(): boolean {
    return Atomics.load(this.#words, this.base + LANE_QUARANTINE) !== 0;
  }

  /** Consumers look at lanes with a higher one first. */
  get priority(): number {
    return this.#words[this.base + LANE_PRIORITY];
  }

  /** For the lane's owner, before it is open. */
  set priority(priority: number) {
    this.#words[this.base + LANE_PRIORITY] = priority;
  }

  /** For people. */
  get label(): string {
    // Closed: the memory is gone.
    if (this.#words.length === 0) return '';
    const start = this.base * 4 + LANE_LABEL_BYTE;
    const copy = Buffer.from(this.#words.buffer.slice(start, start + LANE_LABEL_BYTES));
    const end = copy.indexOf(0);
    return copy.toString('utf8', 0, end < 0 ? LANE_LABEL_BYTES : end);
  }

  set label(label: string) {
    const bytes = new Uint8Array(this.#words.buffer, this.base * 4 + LANE_LABEL_BYTE, LANE_LABEL_BYTES);
    bytes.fill(0);
    bytes.set(Buffer.from(label, 'utf8').subarray(0, LANE_LABEL_BYTES));
  }

  /** For people: written by the producer without any order. */
  counters(): { messages: number; bytes: number; waits: number; oldest: number } {
    const floats = new Float64Array(this.#words.buffer, this.base * 4, LANE_HEADER_WORDS / 2);
    return {
      messages: floats[LANE_MESSAGES_FLOAT],
      bytes: floats[LANE_BYTES_FLOAT],
      waits: floats[LANE_WAITS_FLOAT],
      oldest: floats[LANE_OLDEST_FLOAT],
    };
  }

  /**
   * The published position as a count that never wraps (exact up to 2^53). `half-laps` counts 2^31 bytes; its producer stores it *after* the position, so it
   * may lag by one, and then its lowest bit differs from the position's highest.
   */
  longPosition(): number {
    return this.#long(LANE_POSITION, LANE_HALF_LAPS);
  }

  /** How far its owner may have begun to overwrite, counted in the same way. */
  longIntent(): number {
    return this.#long(LANE_INTENT, LANE_INTENT_HALF_LAPS);
  }

  /** The same for a position at most a lane behind the published one. */
  longPositionOf(position: number): number {
    const long = this.longPosition();
    return long - ((long - position) >>> 0);
  }

  /** Makes me the owner, if nobody is or if the owner is past (proved dead or left). One compare-and-swap decides. */
  seize(me: number): boolean {
    const owner = Atomics.load(this.#words, this.base + LANE_OWNER);
    if (owner !== NOBODY && !this.#context.slots.isPast(owner)) return false;
    return Atomics.compareExchange(this.#words, this.base + LANE_OWNER, owner, me) === owner;
  }

  /** For the owner: the lane's memory is there. Throws `ERR_RINGWAY_NO_SPACE`. */
  commit(): void {
    this.#context.segment.commit(this.#offset, this.capacity);
  }

  /** For the owner, or for who holds the dead owner's slot lock. */
  setState(state: number): void {
    Atomics.store(this.#words, this.base + LANE_STATE_WORD, state);
  }

  /** For the owner, before it opens the lane. */
  beginEpoch(): number {
    const epoch = (Atomics.load(this.#words, this.base + LANE_EPOCH) + 1) | 0;
    Atomics.store(this.#words, this.base + LANE_EPOCH, epoch);
    Atomics.store(this.#words, this.base + LANE_WANTED, 0);
    return epoch >>> 0;
  }

  /** The owner gives the lane up without anything to clean: before it was opened, or after {@link Lane.giveBack}. */
  disown(me: number): void {
    Atomics.compareExchange(this.#words, this.base + LANE_OWNER, me, NOBODY);
  }

  /**
   * Takes the lane out of use: what stands in it was not written by the protocol (P2). Its frames are not delivered. Its producer is rung: if he waits for room, nobody else
   * would tell him.
   */
  quarantine(): void {
    Atomics.store(this.#words, this.base + LANE_QUARANTINE, 1);
    const slot = this.#context.slots.slotOf(this.owner);
    if (slot >= 0) this.#context.doorbells.ring(slot);
  }

  /** Whether it keeps its frames when its producer leaves. */
  get retained(): boolean {
    return this.#context.rows.retained;
  }

  /** For its owner: where it may write. */
  room(): Room {
    return this.#context.rows.room(this);
  }

  /** See {@link Rows.heldBytes}. */
  heldBytes(position: number): number {
    return this.#context.rows.heldBytes(this, position);
  }

  /** Whether nothing published is unacknowledged. A lane out of use counts as drained. */
  isDrained(): boolean {
    return this.quarantined || this.heldBytes(this.position) === 0;
  }

  /** Whether there is something that nobody has claimed: a hint, to be judged under the lease. */
  hasUnclaimed(): boolean {
    return (
      Atomics.load(this.#words, this.base + LANE_POSITION) !== Atomics.load(this.#words, this.base + LANE_NEXT) &&
      !this.quarantined
    );
  }

  /**
   * After every acknowledgement: wakes the producer when the floor has reached what it waits for, and whoever waits for the drain. The
   * acknowledgement's store comes first and these loads after; a waiter stores its wish first and looks at the floor after: one of the two sees the other.
   */
  acknowledged(): void {
    const word = this.base + LANE_WANTED;
    const wanted = STRONG_ORDER ? this.#words[word] : Atomics.load(this.#words, word);
    if (wanted !== 0) this.#wakeProducer(wanted);
    // Plain: the load before it keeps it behind the acknowledgement.
    if (this.#words[this.#queue + CHANNEL_DRAIN_WANTED] !== 0) this.#context.drained();
  }

  /** The producer's wish for {@link Lane.acknowledged}: the floor must reach this position. */
  want(floor: number): void {
    Atomics.store(this.#words, this.base + LANE_WANTED, floor | 1);
  }

  /** Takes {@link Lane.want} back. */
  wantNothing(): void {
    Atomics.store(this.#words, this.base + LANE_WANTED, 0);
  }

  /**
   * For the owner of a drained lane: gives its memory back and frees it. False if it is not drained, or somebody is at it just now: it
   * stays as it is. The intent goes a whole lane ahead first, so that every reader that comes late counts itself as lapped; then claims are
   * looked at; then the memory goes; the owner word last, so that no next owner's frames can be punched away.
   */
  giveBack(me: number): boolean {
    if (this.quarantined && !this.reset()) return false;
    const position = this.position;
    if (this.heldBytes(position) !== 0) return false;
    this.overtakeReaders();
    if (this.heldBytes(position) !== 0 || Atomics.load(this.#words, this.base + LANE_LEASE) !== LEASE_FREE)
      return false;
    removeSpills(this.#context.segment.attachments, this.index);
    this.label = '';
    // Before the memory goes: who takes a free lane commits it, also if the one who freed it died in between.
    this.setState(LANE_STATE.free);
    this.#context.segment.punch(this.#offset, this.capacity);
    this.disown(me);
    return true;
  }

  /**
   * Takes a lane out of quarantine, for its owner: everything in it is forgotten. False while a reader may still be at work in it.
   */
  reset(): boolean {
    if (!this.#context.rows.forget(this)) return false;
    Atomics.store(this.#words, this.base + LANE_QUARANTINE, 0);
    return true;
  }

  /** For the owner: stores an intent a whole lane ahead of the published position, so that whoever still reads below that counts himself as lapped. */
  overtakeReaders(): void {
    const intent = this.longPosition() + this.capacity;
    Atomics.store(this.#words, this.base + LANE_INTENT, intent | 0);
    Atomics.store(this.#words, this.base + LANE_INTENT_HALF_LAPS, Math.floor(intent / HALF_LAP) | 0);
  }

  /** For the owner of a lane out of use, before what readers have in it is forgotten: a published position that garbage has spoilt is one again. */
  align(): number {
    const aligned = this.position & ~7;
    Atomics.store(this.#words, this.base + LANE_POSITION, aligned);
    return aligned;
  }

  #long(word: number, halfLapsWord: number): number {
    for (let tries = 0; ; tries++) {
      const halfLaps = Atomics.load(this.#words, this.base + halfLapsWord);
      const position = Atomics.load(this.#words, this.base + word);
      // Tries are bounded: a hostile producer could move them for ever.
      if (halfLaps === Atomics.load(this.#words, this.base + halfLapsWord) || tries === 64) {
        return currentHalfLaps(halfLaps, position) * HALF_LAP + (position & (HALF_LAP - 1));
      }
    }
  }

  /**
   * Two who acknowledge at the same time must not both miss what the other has just stored: a barrier between one's own store, which may be plain, and the look at the rows of others. Off the way of
   * a message: only where somebody waits.
   */
  #wakeProducer(wanted: number): void {
    Atomics.add(this.#words, this.base + LANE_WANTED, 0);
    const position = this.position;
    const held = this.heldBytes(position);
    const reached = (position - held - (wanted & ~7)) | 0;
    if (held !== CONTRADICTION && reached < 0) return;
    const slot = this.#context.slots.slotOf(this.owner);
    if (slot >= 0) this.#context.doorbells.move(slot);
    // Whoever takes the wish away wakes: once, not at every acknowledgement.
    if (Atomics.compareExchange(this.#words, this.base + LANE_WANTED, wanted, 0) !== wanted) return;
    if (slot >= 0) this.#context.doorbells.ring(slot);
  }

  get #offset(): number {
    return this.#context.layout.controlBytes + this.index * this.capacity;
  }

  #map(): ArrayBuffer {
    return this.#context.segment.mapRing(this.#offset, this.capacity);
  }
}
