import type { SegmentHandle } from '@ringway/memory';
import { NOBODY, SLOT_STATE, STRONG_ORDER, type Doorbells, type Slots } from '@ringway/sync';
import {
  IDLE,
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
  QUEUE_BYTE,
  QUEUE_CONSUMERS_HIGH,
  QUEUE_DRAIN_WANTED,
  ROW_FROM,
  ROW_TO,
  ROW_WORDS,
  type QueueLayout,
} from './layout.js';
import { removeSpills } from './spill.js';

/** Bytes of a lane that are not yet acknowledged, or this when the words that say so contradict each other. */
export const CONTRADICTION = -1;

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
  readonly layout: QueueLayout;
  readonly words: Int32Array;
  readonly slots: Slots;
  readonly doorbells: Doorbells;
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
    this.#queue = QUEUE_BYTE / 4;
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
    for (let tries = 0; ; tries++) {
      const halfLaps = Atomics.load(this.#words, this.base + LANE_HALF_LAPS);
      const position = Atomics.load(this.#words, this.base + LANE_POSITION);
      // Tries are bounded: a hostile producer could move them for ever.
      if (halfLaps === Atomics.load(this.#words, this.base + LANE_HALF_LAPS) || tries === 64) {
        return currentHalfLaps(halfLaps, position) * HALF_LAP + (position & (HALF_LAP - 1));
      }
    }
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

  /**
   * Published bytes that some consumer may still need: from the floor to `position` (P3). {@link CONTRADICTION} if `next` or a row points outside
   * the lane.
   *
   * Q2: `next` is read *first*, the rows after. A claim is made (its `from` stored) before `next` moves over it, and ends after that. So a claim that
   * is missed among the rows had already ended, or lies at or above the `next` that was read. The other order misses a claim that is made between
   * the two, and its frames are overwritten. The bound of the scan is read after `next` for the same reason: a consumer raises it
   * before its first claim.
   *
   * @param position - the published position; the owner's own copy, or read before
   */
  heldBytes(position: number): number {
    const next = Atomics.load(this.#words, this.base + LANE_NEXT);
    let held = (position - next) | 0;
    if (held < 0 || held > this.capacity || (next & 7) !== 0) return CONTRADICTION;
    const high = this.#consumersHigh();
    for (let consumer = 0; consumer < high; consumer++) {
      const row = this.#rows + consumer * ROW_WORDS;
      const from = Atomics.load(this.#words, row + ROW_FROM);
      if ((from & 7) !== 0) continue;
      const to = Atomics.load(this.#words, row + ROW_TO);
      if (((to - from) | 0) <= 0) continue;
      const behind = (position - from) | 0;
      if (behind < 0 || behind > this.capacity) return CONTRADICTION;
      if (behind > held) held = behind;
    }
    return held;
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
    if (this.#words[this.#queue + QUEUE_DRAIN_WANTED] !== 0) this.#context.drained();
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
    const intent = (position + this.capacity) | 0;
    const halfLaps = Atomics.load(this.#words, this.base + LANE_HALF_LAPS);
    const long = currentHalfLaps(halfLaps, position) * HALF_LAP + (position & (HALF_LAP - 1)) + this.capacity;
    Atomics.store(this.#words, this.base + LANE_INTENT, intent);
    Atomics.store(this.#words, this.base + LANE_INTENT_HALF_LAPS, Math.floor(long / HALF_LAP) | 0);
    if (this.heldBytes(position) !== 0 || Atomics.load(this.#words, this.base + LANE_LEASE) !== LEASE_FREE)
      return false;
    removeSpills(this.#context.segment.attachments, this.index);
    this.#context.segment.punch(this.#offset, this.capacity);
    this.label = '';
    this.setState(LANE_STATE.free);
    this.disown(me);
    return true;
  }

  /**
   * Takes a lane out of quarantine, for its owner: everything in it is forgotten. False while a consumer is still at work on a claim in it (he would
   * write his row again), or holds the lease.
   */
  reset(): boolean {
    const { slots, layout } = this.#context;
    const lease = Atomics.load(this.#words, this.base + LANE_LEASE);
    if (lease !== LEASE_FREE && !slots.isPast(lease)) return false;
    for (let consumer = 0; consumer < layout.consumers; consumer++) {
      const from = Atomics.load(this.#words, this.row(consumer) + ROW_FROM);
      const claimed = (from & 7) === 0 && ((Atomics.load(this.#words, this.row(consumer) + ROW_TO) - from) | 0) > 0;
      if (claimed && slots.state(consumer) !== SLOT_STATE.free) return false;
    }
    for (let consumer = 0; consumer < layout.consumers; consumer++) {
      Atomics.store(this.#words, this.row(consumer) + ROW_FROM, IDLE);
    }
    const aligned = this.position & ~7;
    Atomics.store(this.#words, this.base + LANE_POSITION, aligned);
    Atomics.store(this.#words, this.base + LANE_NEXT, aligned);
    Atomics.compareExchange(this.#words, this.base + LANE_LEASE, lease, LEASE_FREE);
    Atomics.store(this.#words, this.base + LANE_QUARANTINE, 0);
    return true;
  }

  #wakeProducer(wanted: number): void {
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

  #consumersHigh(): number {
    const high = Atomics.load(this.#words, this.#queue + QUEUE_CONSUMERS_HIGH);
    const most = this.#context.layout.consumers;
    // Only ever raised by correct peers; outside its range it is garbage, and all rows count.
    return high >= 0 && high <= most ? high : most;
  }

  get #offset(): number {
    return this.#context.layout.controlBytes + this.index * this.capacity;
  }

  #map(): ArrayBuffer {
    return this.#context.segment.mapRing(this.#offset, this.capacity);
  }
}
