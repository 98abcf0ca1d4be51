import { STRONG_ORDER } from '@ringway/sync';
import type { Anchors } from './anchors.js';
import type { CursorRows } from './cursor-rows.js';
import type { Lane } from './lane.js';
import { ANCHOR_LANE_PART, LANE_INTENT, LANE_INTENT_HALF_LAPS } from './layout.js';
import type { Room } from './rows.js';

const HALF_LAP = 2 ** 31;

/**
 * Room in a topic's lane, for its owner: up to one lane from the least cursor that gates, over frames that nobody is waited for to read.
 *
 * T1 (`topic-drop.pml`): the *intent*, how far the owner may have begun to overwrite, is stored before he does. A reader that is not waited for copies a frame first and looks at the intent
 * after: not more than a lane ahead of the frame's begin, so nothing of what was copied had been overwritten. The intent goes ahead in steps of a part of the lane, and is the limit up to which
 * LaneWriter writes without asking: so it costs nothing on the way of a message, and readers lose that part of the lane's length.
 *
 * The intent never falls, whoever owns the lane: one who died may have overwritten up to his, unseen.
 */
export class OverwritingRoom implements Room {
  /** Anchors stand at published positions only, so that a reader that takes the newest always has something before it. */
  readonly publishFirst = true;
  floor: number;
  readonly #rows: CursorRows;
  readonly #lane: Lane;
  readonly #words: Int32Array;
  readonly #anchors: Anchors;
  readonly #step: number;
  /** Published, the intent and the last anchor, as positions that never wrap. */
  #published: number;
  #intent: number;
  #anchored: number;
  /** Messages in the lane before this owner's first. */
  readonly #before: number;

  /** For who has just become the owner: counts what was published since the last anchor. */
  constructor(rows: CursorRows, lane: Lane, words: Int32Array) {
    this.#rows = rows;
    this.#lane = lane;
    this.#words = words;
    this.#anchors = rows.anchors(lane);
    this.#step = lane.capacity / ANCHOR_LANE_PART;
    this.#published = lane.longPosition();
    this.floor = (this.#published - lane.capacity) | 0;
    const newest = this.#anchors.newest(this.#published);
    this.#anchored = newest.position;
    // Where there is no frame, a stranger wrote: its readers find that, too, and numbers go on somehow.
    this.#before = (this.#anchors.walk(newest, this.#published) ?? newest).number;
    this.#intent = lane.longIntent();
    // The dead owner may have been between its two words: set right while it still differs by one at most.
    Atomics.store(words, lane.base + LANE_INTENT_HALF_LAPS, Math.floor(this.#intent / HALF_LAP) | 0);
  }

  /** From the oldest anchor on. Whoever still reads before it, is sent on: the objects of spilled messages there are removed, and their names given to others. */
  begin(): number {
    const { capacity } = this.#lane;
    const from = Math.max(this.#intent, this.#published) - capacity;
    const anchored = this.#anchors.oldest(from, this.#published)?.position ?? this.#published;
    // Who is waited for may stand before it: what he has yet to read stays. His cursor is where a frame begins, unless he is about to begin anew.
    const floor = this.#published - this.#lane.heldBytes(this.#published | 0);
    const isFrame = floor < anchored && this.#anchors.walk({ position: floor, number: 0 }, anchored) !== undefined;
    const begin = isFrame ? floor : anchored;
    if (begin + capacity > this.#intent) this.#intend(begin + capacity);
    return begin | 0;
  }

  look(published: number, end: number, messages: number): number {
    const lane = this.#lane;
    this.#published += (published - this.#published) | 0;
    let limit = this.#floorLimit(published);
    if (((limit - end) | 0) < 0 && this.#rows.evict(lane, (end - lane.capacity) | 0)) {
      limit = this.#floorLimit(published);
      // Somebody may wait for nothing but what they have not read.
      lane.acknowledged();
    }
    const position = this.#published;
    if (position - this.#anchored >= this.#step) {
      this.#anchors.store({ position, number: this.#before + messages });
      this.#anchored = position;
    }
    const room = (limit - published) | 0;
    const wanted = Math.min(room, Math.max((end - published) | 0, this.#step));
    if (position + wanted > this.#intent) this.#intend(position + wanted);
    // No further, though the intent may be: the next anchor is due there.
    return (published + wanted) | 0;
  }

  #floorLimit(published: number): number {
    this.floor = (published - this.#lane.heldBytes(published)) | 0;
    return (this.floor + this.#lane.capacity) | 0;
  }

  /**
   * The position first, its half-laps after: who is killed in between leaves a count that is one behind, which can be told (currentHalfLaps). Both before the first byte that they
   * announce: stores stay in order on x86; elsewhere the load behind them keeps the plain stores of the frame from going first.
   */
  #intend(intent: number): void {
    const { base } = this.#lane;
    Atomics.store(this.#words, base + LANE_INTENT, intent | 0);
    Atomics.store(this.#words, base + LANE_INTENT_HALF_LAPS, Math.floor(intent / HALF_LAP) | 0);
    if (!STRONG_ORDER) Atomics.load(this.#words, base + LANE_INTENT);
    this.#intent = intent;
  }
}
