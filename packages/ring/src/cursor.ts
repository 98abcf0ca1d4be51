import { STRONG_ORDER, type Doorbells } from '@ringway/sync';
import type { Anchor, Anchors } from './anchors.js';
import { checkedFrameBytes, frameType, isSkipped } from './frame.js';
import type { Lane } from './lane.js';
import { currentHalfLaps } from './lane.js';
import {
  CURSOR_EVICTED,
  CURSOR_OWNER,
  CURSOR_POLICY,
  CURSOR_POLICY_WORD,
  CURSOR_POSITION,
  CURSOR_SEEN,
  FRAME_HEADER_BYTES,
  FRAME_LANE_PART,
  IDLE,
  LANE_INTENT,
  LANE_INTENT_HALF_LAPS,
  LANE_POSITION,
  LANE_QUARANTINE,
} from './layout.js';

const HALF_LAP = 2 ** 31;
const LAP = 2 ** 32;

/** What {@link Cursor.find} found. */
export const FOUND = 1;
/** Nothing that was published and not read. */
export const NOTHING = 0;
/** The cursor's frame may have been overwritten: go on by {@link Cursor.skip}. */
export const LAPPED = -1;
/** What stands in the lane was not written by the protocol. */
export const CORRUPT = -2;
/** Somebody took the lane out of use; told once. */
export const OUT_OF_USE = -3;
/** It is in use again: {@link Cursor.announce}, fence, {@link Cursor.join}. */
export const RENEWED = -4;

/** Where a subscriber that was lapped goes on: half a lane behind what may be overwritten, so that it is not lapped again at once. */
const SKIP_LANE_PART = 2;
/** How often an anchor may be overwritten while it is read. Only words that a stranger wrote last longer. */
const MOST_TRIES = 64;

/**
 * How far one subscriber has read in one lane (DESIGN section 8). Three phases:
 *
 * - It is not waited for (`drop`, always): each frame is copied, and then judged by the lane's intent ({@link Cursor.isIntact}), see OverwritingRoom.
 * - It joins (T2, `topic-join.pml`): the cursor is announced in its row first, then all processors execute a barrier ({@link Cursor.announce}, fence, {@link Cursor.join}), then the published position *P*
 *   is read. A producer that has looked at the rows too early to see the cursor had published up to *P* at most by then, so it writes up to *P* and a lane at most before it looks again. So
 *   up to *P* the subscriber reads as one that is not waited for; if it is lapped there, *P* itself is intact.
 * - From *P* on its cursor gates: nothing that it has not passed is overwritten, and nothing is looked at. Unless it chose to be disconnected: then whoever would have to wait for it evicts it by a word
 *   that is stored before anything is overwritten, and looked at after each copy.
 */
export class Cursor {
  readonly lane: Lane;
  /** Of the frame that was found: offset of its contents in the lane's bytes, their length, and its second header word. */
  start = 0;
  length = 0;
  tag = 0;
  readonly #words: Int32Array;
  readonly #doorbells: Doorbells;
  readonly #anchors: Anchors;
  readonly #row: number;
  readonly #me: number;
  readonly #policy: number;
  #frames: Int32Array | undefined;
  /** The next frame's position modulo 2^32, and as one that never wraps. */
  #at = 0;
  #position = 0;
  /** Published up to here, when that was read last: not again before all of it is read, for its cache line is the publisher's. */
  #published = 0;
  /** How many messages were published before it; for those who may miss some. */
  #number = 0;
  /** Of the frame that was found: bytes. */
  #bytes = 0;
  /** From here on the cursor gates. */
  #gate = Infinity;
  /** Frames at this position and behind it are not overwritten. */
  #safe = Infinity;
  #outOfUse = false;
  #label: string | undefined;

  /**
   * @param row - index of the subscriber's row in the control area's words
   * @param me - owner word of its slot
   * @param policy - one of {@link CURSOR_POLICY}
   */
  constructor(
    lane: Lane,
    words: Int32Array,
    doorbells: Doorbells,
    anchors: Anchors,
    row: number,
    me: number,
    policy: number,
  ) {
    this.lane = lane;
    this.#words = words;
    this.#doorbells = doorbells;
    this.#anchors = anchors;
    this.#row = row;
    this.#me = me;
    this.#policy = policy;
  }

  /** Position of the next frame, or of the one that was found, counted over all laps. */
  get position(): number {
    return this.#position;
  }

  /** Whether everything published was read. */
  get atEnd(): boolean {
    return Atomics.load(this.#words, this.lane.base + LANE_POSITION) === this.#at && !this.#isLapsBehind();
  }

  /** Label of the lane, as it was when the first message of its publisher was read. */
  get label(): string {
    return (this.#label ??= this.lane.label);
  }

  /** Whether the lane's owner has evicted this subscriber. */
  get evicted(): boolean {
    return this.#words[this.#row + CURSOR_EVICTED] === this.#me;
  }

  /**
   * Chooses where to begin, and says so in the row: the policy first, then the owner, then the cursor, which counts from that store on. Then a barrier on all processors, then {@link Cursor.join}.
   *
   * @param history - how many of the last messages to begin with
   */
  announce(history: number): void {
    const words = this.#words;
    this.#outOfUse = false;
    this.#safe = Infinity;
    this.#goTo(this.#begin(history));
    // The policy before the owner: who evicts reads them the other way round, and must not take the policy of who had the row before for mine.
    Atomics.store(words, this.#row + CURSOR_POLICY_WORD, this.#policy);
    // Generations come round: of one that had my owner word 2^20 subscribers ago. An eviction that is on its way names somebody else.
    Atomics.store(words, this.#row + CURSOR_EVICTED, 0);
    Atomics.store(words, this.#row + CURSOR_OWNER, this.#me);
    this.#seen();
    if (this.#policy === CURSOR_POLICY.drop) return;
    // Whoever is waited for holds up what it wants to read. One that is disconnected where it is slow would be so before it began: it holds up only what is published from now on.
    this.#gate = this.#policy === CURSOR_POLICY.block ? this.#position : this.lane.longPosition();
    Atomics.store(words, this.#row + CURSOR_POSITION, this.#gate | 0);
  }

  /** After the barrier. */
  join(): void {
    if (this.#policy !== CURSOR_POLICY.drop) this.#safe = this.lane.longPosition();
  }

  /** Looks for the next frame. What was {@link FOUND} is to be copied, and then judged by {@link Cursor.isIntact}. */
  find(): number {
    const words = this.#words;
    if (words[this.lane.base + LANE_QUARANTINE] !== 0 || this.#outOfUse) return this.#findUnusable();
    const at = this.#at;
    if (this.#published === at) {
      const word = this.lane.base + LANE_POSITION;
      this.#published = STRONG_ORDER ? words[word] : Atomics.load(words, word);
      if (this.#published === at) return this.#isLapsBehind() ? LAPPED : NOTHING;
    }
    const { capacity } = this.lane;
    const frames = (this.#frames ??= this.lane.frames);
    const begin = at & (capacity - 1);
    const length = frames[begin >> 2];
    const tag = frames[(begin >> 2) + 1];
    const available = (this.#published - at) | 0;
    const most = Math.min(available, capacity / FRAME_LANE_PART);
    const bytes = available > 0 && available <= capacity ? checkedFrameBytes(length, tag, most) : 0;
    // A length is judged only after a look at the intent.
    if (bytes === 0) {
      this.#published = at;
      return this.isIntact() ? CORRUPT : LAPPED;
    }
    this.start = begin + FRAME_HEADER_BYTES;
    this.length = length;
    this.tag = tag;
    this.#bytes = bytes;
    return FOUND;
  }

  /**
   * T1: after the frame was copied, whether what was copied is what its publisher wrote. The intent is read once for the decision. Loads stay in order on x86; elsewhere the
   * store keeps the plain loads of the copy from coming after the look.
   */
  isIntact(): boolean {
    if (this.#position >= this.#safe) {
      if (this.#policy !== CURSOR_POLICY.disconnect) return true;
      if (!STRONG_ORDER) Atomics.store(this.#words, this.#row + CURSOR_SEEN, this.#at);
      return !this.evicted;
    }
    if (!STRONG_ORDER) Atomics.store(this.#words, this.#row + CURSOR_SEEN, this.#at);
    return this.#intent() - this.#position <= this.lane.capacity;
  }

  /** Whether what it cannot have any more was missed: who is waited for only joins, and begins where something is left. */
  get counts(): boolean {
    return this.#policy === CURSOR_POLICY.drop;
  }

  /** Whether it is waited for here. */
  get gates(): boolean {
    return this.#position >= this.#safe;
  }

  /** Whether frames are not overwritten while they are read where they lie. */
  get inPlace(): boolean {
    return this.#policy === CURSOR_POLICY.block && this.#position >= this.#safe;
  }

  /** Goes behind the frame that was found. What is passed may be overwritten once {@link Cursor.release} was called. */
  advance(): void {
    const bytes = this.#bytes;
    this.#at = (this.#at + bytes) | 0;
    this.#position += bytes;
    if (!isSkipped(frameType(this.tag))) this.#number++;
    // Another publisher may have begun here.
    else this.#label = undefined;
  }

  /**
   * Lets the lane's owner overwrite what was passed. Behind every read of it, and before the look at whether somebody waits for room: who waits fences (a plain store then).
   */
  release(): void {
    this.#seen();
    if (this.#position <= this.#gate) return;
    if (this.#doorbells.relaxed) this.#words[this.#row + CURSOR_POSITION] = this.#at;
    else Atomics.store(this.#words, this.#row + CURSOR_POSITION, this.#at);
    this.lane.acknowledged();
  }

  /**
   * Goes on where frames are intact, after the cursor's was overwritten. Returns how many messages were missed: exactly, for they are numbered.
   *
   * Who joins goes to *P*, which is intact: what it skips was published before it had joined, and is not missed. Others take an anchor that is intact after its words were read.
   */
  skip(): number {
    if (this.#safe !== Infinity) {
      // Evicted, which the caller has to look for: there is nothing to go on with.
      if (this.#position >= this.#safe) return 0;
      this.#goTo({ position: this.#safe, number: 0 });
      this.release();
      return 0;
    }
    const { capacity } = this.lane;
    let published = this.lane.longPosition();
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const from = this.lane.longIntent() - capacity / SKIP_LANE_PART;
      const anchor =
        this.#anchors.oldest(Math.max(from, this.#position + 1), published) ?? this.#anchors.newest(published);
      if (anchor.position >= this.#position && this.#intent() - anchor.position <= capacity)
        return this.#skipTo(anchor);
      published = this.lane.longPosition();
    }
    // A stranger's words. What lies behind the newest anchor is counted with what is missed next.
    const { number } = this.#anchors.newest(published);
    return this.#skipTo({ position: published, number: Math.max(number, this.#number) });
  }

  /** The subscriber holds up nobody in this lane any more. */
  letGo(): void {
    Atomics.store(this.#words, this.#row + CURSOR_POSITION, IDLE);
    this.lane.acknowledged();
  }

  /** Whether it was lapped by exactly a multiple of 2^32 bytes: then positions are the same. Who is waited for cannot be. */
  #isLapsBehind(): boolean {
    return this.#safe === Infinity && this.lane.longPosition() - this.#position >= LAP;
  }

  #findUnusable(): number {
    const isOut = Atomics.load(this.#words, this.lane.base + LANE_QUARANTINE) !== 0;
    if (!isOut) return RENEWED;
    if (this.#outOfUse) return NOTHING;
    this.#outOfUse = true;
    this.letGo();
    return OUT_OF_USE;
  }

  #skipTo(anchor: Anchor): number {
    const missed = anchor.number - this.#number;
    this.#goTo(anchor);
    this.#seen();
    return Math.max(0, missed);
  }

  /** Where to begin: at what is published now, or so many messages before. Frames may be overwritten meanwhile; then again. */
  #begin(history: number): Anchor {
    const { lane } = this;
    let published = lane.longPosition();
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const begin = this.#beginBefore(published, history);
      if (begin !== undefined) return begin;
      published = lane.longPosition();
    }
    return { position: published, number: this.#anchors.newest(published).number };
  }

  /** Undefined if frames were overwritten while they were walked, or are none. */
  #beginBefore(published: number, history: number): Anchor | undefined {
    const { capacity } = this.lane;
    const newest = this.#anchors.newest(published);
    // Before the walk, too: among a stranger's words it may be as long as the lane.
    if (this.#intent() - newest.position > capacity) return undefined;
    const end = this.#anchors.walk(newest, published);
    if (end === undefined || this.#intent() - newest.position > capacity) return undefined;
    if (history === 0) return end;
    const wanted = end.number - history;
    const intact = this.#intent() - capacity;
    const before = this.#anchors.atOrBefore(wanted, published);
    const start = before !== undefined && before.position >= intact ? before : this.#anchors.oldest(intact, published);
    const begin = start && this.#anchors.walk(start, published, wanted);
    return start !== undefined && this.#intent() - start.position <= capacity ? begin : undefined;
  }

  #goTo({ position, number }: Anchor): void {
    this.#position = position;
    this.#published = this.#at = position | 0;
    this.#number = number;
  }

  /** For people. */
  #seen(): void {
    this.#words[this.#row + CURSOR_SEEN] = this.#at;
  }

  /** How far the owner may have begun to overwrite, counted over all laps. Plain loads where they stay in order; as Lane.longIntent. */
  #intent(): number {
    if (!STRONG_ORDER) return this.lane.longIntent();
    const words = this.#words;
    const { base } = this.lane;
    const halfLaps = words[base + LANE_INTENT_HALF_LAPS];
    const intent = words[base + LANE_INTENT];
    if (words[base + LANE_INTENT_HALF_LAPS] !== halfLaps) return this.lane.longIntent();
    return currentHalfLaps(halfLaps, intent) * HALF_LAP + (intent & (HALF_LAP - 1));
  }
}
