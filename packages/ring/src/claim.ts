import { STRONG_ORDER, type Doorbells, type Slots } from '@ringway/sync';
import { checkedFrameBytes, frameType, isSkipped } from './frame.js';
import type { Lane } from './lane.js';
import {
  FRAME_LANE_PART,
  FRAME_TYPE,
  IDLE,
  LANE_LEASE,
  LANE_NEXT,
  LANE_POSITION,
  LANE_QUARANTINE,
  LEASE_FREE,
  ROW_ACKED_FLOAT,
  ROW_CLAIMED_FLOAT,
  ROW_FROM,
  ROW_HANDED,
  ROW_LIVES,
  ROW_TO,
} from './layout.js';

/** What {@link Claim.take} found. Anything above 0 is the number of frames claimed. */
export const NOTHING = 0;
/** Somebody else holds the lease; he rings when he leaves frames behind. */
export const LEASED = -1;
/** There is something, but this consumer's own claim is in the way: not used up, and not to be extended. It is for others. */
export const BLOCKED = -3;
/** What stands in the lane was not written by the protocol: quarantine it. */
export const CORRUPT = -2;

/**
 * The claim of one consumer slot on one lane (DESIGN section 7): a range `[from, to)` of frames that this consumer, and nobody else, works
 * on. The frames' places are noted while they are claimed, under the lease, where their lengths can be trusted to be frames (Q5).
 *
 * Private and shared state: frames `head .. tail` (running numbers, modulo 2^32) are claimed and noted, `head .. cursor` of them are delivered. The row's
 * `from` is the position of frame `head`. `#noted` is the position after frame `tail`; it lags behind the row's `to` only in a claim that was
 * adopted or interrupted, whose frames are noted piece by piece ({@link Claim.note}).
 */
export class Claim {
  readonly lane: Lane;
  /** Per noted frame, at (number & mask): position, first and second header word. */
  positions: Int32Array;
  lengths: Int32Array;
  tags: Int32Array;
  mask: number;
  /** How many delivered frames are not handed out yet, because it is not their time. Counted by who keeps them. */
  deferred = 0;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #slots: Slots;
  readonly #doorbells: Doorbells;
  readonly #row: number;
  #acked: Uint8Array;
  #frames: Int32Array | undefined;
  #head = 0;
  #cursor = 0;
  #tail = 0;
  /** Where the last walk ended; `tail` once the frames are claimed. */
  #walked = 0;
  #noted = 0;
  #to = 0;
  /** Whether somebody else claimed it, and whether nothing of it was handed out in this life yet. */
  #adopted = false;
  #reviving = false;
  /** Of an adopted claim: in how many lives before messages of it were handed out, and the furthest of those. 0 when they are all acknowledged. */
  #lives = 0;
  #suspect = IDLE;
  /** As the row says. */
  #handed = IDLE;
  /** Whether some frame was acknowledged before the one in front of it. */
  #scattered = false;

  /**
   * @param words - the control area
   * @param consumer - whose row it is: an own slot, or a dead one's whose lock is held
   * @param frames - most frames that are noted at a time, a power of two
   */
  constructor(lane: Lane, words: Int32Array, slots: Slots, doorbells: Doorbells, consumer: number, frames: number) {
    this.lane = lane;
    this.#words = words;
    this.#floats = new Float64Array(words.buffer, 0, words.buffer.byteLength >> 3);
    this.#slots = slots;
    this.#doorbells = doorbells;
    this.#row = lane.row(consumer);
    this.positions = new Int32Array(frames);
    this.lengths = new Int32Array(frames);
    this.tags = new Int32Array(frames);
    this.#acked = new Uint8Array(frames);
    this.mask = frames - 1;
  }

  /** Number of the next frame to deliver; meaningful while {@link Claim.waiting} is not 0. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Frames noted and not yet delivered. */
  get waiting(): number {
    return (this.#tail - this.#cursor) | 0;
  }

  /** Frames delivered and not yet acknowledged. */
  get outstanding(): number {
    return (this.#cursor - this.#head) | 0;
  }

  /** Whether this claim holds anything: while it does, its frames' bytes are not reused. */
  get active(): boolean {
    return this.#head !== this.#tail || this.#noted !== this.#to;
  }

  /** Whether no more frames can be noted. */
  get full(): boolean {
    return ((this.#tail - this.#head) | 0) === this.mask + 1;
  }

  /** Whether it has frames that are not noted yet: adopted, or interrupted. */
  get unnoted(): boolean {
    return this.#noted !== this.#to;
  }

  /** Whether somebody else claimed it, who died or handed it over: its messages may come late. */
  get adopted(): boolean {
    return this.#adopted;
  }

  /**
   * How often a frame may have been in the hands of a consumer before, which died, or closed and left it: 0 for the first delivery. Messages that were claimed and never handed
   * out do not count, so that who is killed again and again by one message makes no suspects of those behind it.
   */
  earlierDeliveries(number: number): number {
    if (this.#lives === 0) return 0;
    return ((this.positions[number & this.mask] - this.#suspect) | 0) <= 0 ? this.#lives : 0;
  }

  /**
   * Before a frame goes to the user: a plain store, so that whoever adopts it knows. Who is killed has handed out at most what he wrote, since no store is overtaken by what his
   * process does after it.
   */
  hand(number: number): void {
    if (this.#reviving) {
      this.#reviving = false;
      this.#words[this.#row + ROW_LIVES] = this.#lives + 1;
    }
    const position = this.positions[number & this.mask];
    if (this.#handed !== IDLE && ((position - this.#handed) | 0) <= 0) return;
    this.#words[this.#row + ROW_HANDED] = position;
    this.#handed = position;
  }

  /**
   * Q1: claims up to `limit` frames, under the lease. A claim that is empty is made anew; one that is not is extended, if nobody has
   * claimed after it (`next === to`).
   *
   * Order of the stores, and what each is for: `to` first, while the row is idle or its end is not yet reached; then `from`, which makes it a
   * claim; then `next`, which tells the others. Who dies before `from` has claimed nothing; who dies between `from` and `next` has claimed, and
   * is repaired by `next = to` ({@link Claim.repairLease}) before the lease is freed. The producer reads `next` before the rows, so it
   * sees either the old `next` or the claim (Lane.heldBytes).
   *
   * @param me - owner word of the slot whose row this is
   * @param now - coarse CLOCK_MONOTONIC milliseconds, for people
   */
  take(me: number, limit: number, now: number): number {
    const words = this.#words;
    const header = this.lane.base;
    // A hint that saves the lease; it is judged again below. `next` is read after the position, and may be plain: the load before it orders it.
    const published = STRONG_ORDER ? words[header + LANE_POSITION] : Atomics.load(words, header + LANE_POSITION);
    const seen = words[header + LANE_NEXT];
    // Out of use: left alone, for who takes the lease must ring somebody, and sleepers would wake each other for ever.
    if (published === seen || words[header + LANE_QUARANTINE] !== 0) return NOTHING;
    const room = Math.min(limit, this.mask + 1 - ((this.#tail - this.#head) | 0));
    if (room <= 0 || (this.active && (this.#adopted || seen !== this.#to))) return BLOCKED;
    // Mapped before the lease is taken: what fails here must not fail there.
    this.#frames ??= this.lane.frames;
    if (!this.#lease(me)) return LEASED;
    // Under the lease from here: `next` moves by my hand alone. The position is read afresh: an older one may be a lap behind `next`. Both behind the
    // exchange that took the lease.
    const next = words[header + LANE_NEXT];
    const position = STRONG_ORDER ? words[header + LANE_POSITION] : Atomics.load(words, header + LANE_POSITION);
    const extending = this.active;
    if (
      position === next ||
      words[header + LANE_QUARANTINE] !== 0 ||
      (extending && (next !== this.#to || this.#noted !== next))
    ) {
      Atomics.store(words, header + LANE_LEASE, LEASE_FREE);
      this.#passOn(next);
      return NOTHING;
    }
    const from = this.#tail;
    const unclaimed = (position - next) | 0;
    const sound = unclaimed > 0 && unclaimed <= this.lane.capacity && (unclaimed & 7) === 0 && (next & 7) === 0;
    const end = sound ? this.#walk(next, position, room) : next;
    const taken = sound ? (this.#walked - from) | 0 : 0;
    if (taken === 0) {
      Atomics.store(words, header + LANE_LEASE, LEASE_FREE);
      return CORRUPT;
    }
    // `to` and `from` are plain: for who is killed only the order of the instructions counts, and for who reads `next` the store of it below orders both.
    words[this.#row + ROW_TO] = end;
    if (!extending) {
      words[this.#row + ROW_LIVES] = 1;
      words[this.#row + ROW_HANDED] = IDLE;
      this.#handed = IDLE;
      this.#floats[(this.#row >> 1) + ROW_CLAIMED_FLOAT] = now;
      words[this.#row + ROW_FROM] = next;
    }
    // Behind `to` and `from`: the producer that reads it must find the claim.
    if (STRONG_ORDER) words[header + LANE_NEXT] = end;
    else Atomics.store(words, header + LANE_NEXT, end);
    // Only now, and before the lease goes: who is interrupted before this (Q6) has noted nothing, and finds in the row what he has claimed; who is interrupted after it has
    // moved `next`, so that what he acknowledges meanwhile is not claimed again.
    this.#tail = this.#walked;
    this.#noted = end;
    this.#to = end;
    if (this.#doorbells.relaxed) words[header + LANE_LEASE] = LEASE_FREE;
    else Atomics.store(words, header + LANE_LEASE, LEASE_FREE);
    this.#passOn(end);
    return taken;
  }

  /**
   * Takes over what stands in the row: a dead one's claim, under its slot's lock, or what an earlier owner left in the slot that I joined in. False
   * if there is nothing; the row is idle then. The frames are noted by {@link Claim.note}.
   */
  adopt(): boolean {
    const from = Atomics.load(this.#words, this.#row + ROW_FROM);
    const to = Atomics.load(this.#words, this.#row + ROW_TO);
    const bytes = (to - from) | 0;
    const sound = (from & 7) === 0 && (to & 7) === 0 && bytes > 0 && bytes <= this.lane.capacity;
    if (!sound || this.lane.quarantined) {
      this.clear();
      return false;
    }
    this.#noted = from;
    this.#to = to;
    this.#adopted = true;
    this.#reviving = true;
    const handed = this.#words[this.#row + ROW_HANDED];
    const known = (handed & 7) === 0 && ((handed - from) | 0) >= 0 && ((to - handed) | 0) > 0;
    this.#handed = this.#suspect = known ? handed : IDLE;
    this.#lives = known ? Math.max(this.#words[this.#row + ROW_LIVES], 1) : 0;
    return true;
  }

  /**
   * Notes further frames of an adopted or interrupted claim, if there is room. No lease: the claim itself keeps their space from being reused. False
   * if they are not frames: the lane is corrupt.
   */
  note(): boolean {
    if (this.#noted === this.#to) return true;
    const room = this.mask + 1 - ((this.#tail - this.#head) | 0);
    if (room === 0) return true;
    const before = this.#tail;
    this.#noted = this.#walk(this.#noted, this.#to, room);
    this.#tail = this.#walked;
    return this.#tail !== before;
  }

  /** Room to note at least `frames`, a power of two. Not while frames are being delivered. */
  makeRoom(frames: number): void {
    if (frames <= this.mask + 1) return;
    const { positions, lengths, tags, mask } = this;
    const acked = this.#acked;
    this.positions = new Int32Array(frames);
    this.lengths = new Int32Array(frames);
    this.tags = new Int32Array(frames);
    this.#acked = new Uint8Array(frames);
    this.mask = frames - 1;
    for (let number = this.#head; number !== this.#tail; number = (number + 1) | 0) {
      this.positions[number & this.mask] = positions[number & mask];
      this.lengths[number & this.mask] = lengths[number & mask];
      this.tags[number & this.mask] = tags[number & mask];
      this.#acked[number & this.mask] = acked[number & mask];
    }
  }

  /** The next frame goes to the user: its number, for {@link Claim.acknowledge}. */
  deliver(): number {
    const number = this.#cursor;
    this.#cursor = (number + 1) | 0;
    return number;
  }

  /** The user did not take it after all: `count` frames go back to those that wait. */
  undeliver(count: number): void {
    this.#cursor = (this.#cursor - count) | 0;
  }

  /** Whether a delivered frame is still to be acknowledged. */
  isOutstanding(number: number): boolean {
    return (
      ((number - this.#head) | 0) >= 0 && ((this.#cursor - number) | 0) > 0 && this.#acked[number & this.mask] === 0
    );
  }

  /** Q3: acknowledges one delivered frame, in any order; `from` moves over what is contiguous. False if it was acknowledged before. */
  acknowledge(number: number): boolean {
    if (!this.isOutstanding(number)) return false;
    this.#acked[number & this.mask] = 1;
    if (number !== this.#head) {
      this.#scattered = true;
      return true;
    }
    let count = 0;
    while (this.#head !== this.#cursor && this.#acked[this.#head & this.mask] === 1) {
      this.#acked[this.#head & this.mask] = 0;
      this.#head = (this.#head + 1) | 0;
      count++;
    }
    this.#moveFrom(count);
    return true;
  }

  /** If a delivered frame is one that readers pass over: acknowledges it, uncounted, and is true. */
  passOver(number: number): boolean {
    if (!isSkipped(frameType(this.tags[number & this.mask]))) return false;
    this.#floats[(this.#row >> 1) + ROW_ACKED_FLOAT]--;
    this.acknowledge(number);
    return true;
  }

  /** Acknowledges everything that was delivered: one store for the batch. */
  acknowledgeAll(): void {
    const count = (this.#cursor - this.#head) | 0;
    if (count === 0) return;
    if (this.#scattered) {
      this.#acked.fill(0);
      this.#scattered = false;
    }
    this.#head = this.#cursor;
    this.#moveFrom(count);
  }

  /** Forgets everything: nothing was claimed here, or the lane is out of use. */
  clear(): void {
    Atomics.store(this.#words, this.#row + ROW_FROM, IDLE);
    this.#acked.fill(0);
    this.#head = this.#cursor = this.#tail;
    this.#noted = this.#to;
    this.#forget();
    this.lane.acknowledged();
  }

  /**
   * Frees a lease that its holder left behind, after finishing the claim that he was at (Q4, `slot-reuse.pml`, `claim-extend.pml`): if the row is a claim and `next`
   * still lies inside it, `next` moves to its end. For the holder of the dead one's slot lock, and for a consumer that meets its own
   * name outside of {@link Claim.take} (Q6: an exception, a `vm` timeout between two steps). Every step may be repeated.
   */
  static repairLease(words: Int32Array, lane: Lane, consumer: number, owner: number, doorbells: Doorbells): void {
    const header = lane.base;
    if (Atomics.load(words, header + LANE_LEASE) !== owner) return;
    const row = lane.row(consumer);
    const from = Atomics.load(words, row + ROW_FROM);
    const to = Atomics.load(words, row + ROW_TO);
    const next = Atomics.load(words, header + LANE_NEXT);
    if ((from & 7) === 0 && ((next - from) | 0) >= 0 && ((to - next) | 0) > 0)
      Atomics.store(words, header + LANE_NEXT, to);
    Atomics.compareExchange(words, header + LANE_LEASE, owner, LEASE_FREE);
    // Who releases a lease and leaves frames rings one (P4).
    if (lane.hasUnclaimed()) doorbells.ringOne();
  }

  #lease(me: number): boolean {
    const header = this.lane.base;
    const holder = Atomics.compareExchange(this.#words, header + LANE_LEASE, LEASE_FREE, me);
    if (holder === LEASE_FREE) return true;
    if (holder === me) this.#resume(me);
    else if (this.#slots.isPast(holder)) {
      // Nobody who is, or will be: what a past owner was at was finished before its generation ended.
      Atomics.compareExchange(this.#words, header + LANE_LEASE, holder, LEASE_FREE);
    } else return false;
    return Atomics.compareExchange(this.#words, header + LANE_LEASE, LEASE_FREE, me) === LEASE_FREE;
  }

  /** Q6: I was interrupted inside {@link Claim.take}; the row may hold more than I noted. */
  #resume(me: number): void {
    const consumer = this.#slots.slotOf(me);
    const was = this.active;
    Claim.repairLease(this.#words, this.lane, consumer, me, this.#doorbells);
    const from = Atomics.load(this.#words, this.#row + ROW_FROM);
    if ((from & 7) !== 0) return;
    const to = Atomics.load(this.#words, this.#row + ROW_TO);
    const start = was ? this.#noted : from;
    const bytes = (to - start) | 0;
    // The row is shared memory: what does not lie in the lane was not written here.
    if ((to & 7) !== 0 || bytes < 0 || bytes > this.lane.capacity) {
      this.clear();
      return;
    }
    this.#noted = start;
    this.#to = to;
  }

  /** Notes up to `room` frames from `at`; returns the position after the last. Stops at the first that is none. */
  #walk(at: number, end: number, room: number): number {
    const frames = (this.#frames ??= this.lane.frames);
    const ring = this.lane.capacity - 1;
    // No correct producer writes more: what is longer would reach behind the lane's mapping.
    const longest = this.lane.capacity / FRAME_LANE_PART;
    const full = (this.#head + this.mask + 1) | 0;
    let most = (this.#tail + room) | 0;
    let tail = this.#tail;
    while (tail !== most && at !== end) {
      const word = (at & ring) >> 2;
      const length = frames[word];
      const tag = frames[word + 1];
      const bytes = checkedFrameBytes(length, tag, Math.min((end - at) | 0, longest));
      if (bytes === 0) break;
      // The protocol's own frames come on top of what was asked for.
      if (tag !== FRAME_TYPE.message && most !== full && isSkipped(frameType(tag))) most = (most + 1) | 0;
      const place = tail & this.mask;
      this.positions[place] = at;
      this.lengths[place] = length;
      this.tags[place] = tag;
      at = (at + bytes) | 0;
      tail = (tail + 1) | 0;
    }
    this.#walked = tail;
    return at;
  }

  /** After the lease went: whoever leaves frames behind rings one (P4, `park-leased.pml`); those who met the lease may have parked. */
  #passOn(end: number): void {
    // The sleepers first, behind the store that freed the lease: who sets his bit after this load, and fences, finds the lease free when he looks. And the
    // position, whose cache line is the producer's, only for somebody's sake.
    if (this.#doorbells.someoneSleeps() && Atomics.load(this.#words, this.lane.base + LANE_POSITION) !== end) {
      this.#doorbells.ringOne();
    }
  }

  /** Behind the store of `from`: when all that was handed out in earlier lives is acknowledged, what comes after begins with this one. */
  #clearSuspects(from: number, done: boolean): void {
    if (done) this.#forget();
    else if (this.#lives > 0 && ((from - this.#suspect) | 0) > 0) {
      this.#lives = 0;
      this.#words[this.#row + ROW_LIVES] = 1;
    }
  }

  #forget(): void {
    this.#adopted = this.#reviving = false;
    this.#lives = 0;
    this.#suspect = this.#handed = IDLE;
  }

  #moveFrom(count: number): void {
    const moved = this.#head === this.#tail ? this.#noted : this.positions[this.#head & this.mask];
    const done = this.#head === this.#tail && this.#noted === this.#to;
    // Used up: idle, so that a row that is left over is never taken for a claim (`slot-reuse.pml`).
    // Behind every read of the payload, and before the looks at who waits for room or the drain, who fence.
    if (this.#doorbells.relaxed) this.#words[this.#row + ROW_FROM] = done ? IDLE : moved;
    else Atomics.store(this.#words, this.#row + ROW_FROM, done ? IDLE : moved);
    if (this.#adopted) this.#clearSuspects(moved, done);
    this.#floats[(this.#row >> 1) + ROW_ACKED_FLOAT] += count;
    this.lane.acknowledged();
  }
}
