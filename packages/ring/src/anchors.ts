import { checkedFrameBytes, frameType, isSkipped } from './frame.js';
import type { Lane } from './lane.js';
import {
  ANCHORS_PER_LANE,
  ANCHOR_HALF_LAPS,
  ANCHOR_NUMBER_HIGH,
  ANCHOR_NUMBER_LOW,
  ANCHOR_POSITION,
  ANCHOR_WORDS,
  FRAME_LANE_PART,
  IDLE,
  type ChannelLayout,
} from './layout.js';

const TWO_32 = 2 ** 32;

/** A place in a lane where a frame begins, and how many messages were published in that lane before it. Both count on for ever (exact up to 2^53). */
export interface Anchor {
  readonly position: number;
  readonly number: number;
}

/** Where a lane begins that was never written. */
const ORIGIN: Anchor = { position: 0, number: 0 };

/**
 * The anchors of one lane (T3): where readers that were lapped, or come late, begin. Written by the lane's owner in turn, never less than the lane's length divided by their number apart;
 * so whoever overwrites an entry has stored an intent before that is more than a lane behind what it said, and a reader that takes one and finds it within a lane of the intent *after*
 * that has one that was not being overwritten for its lane. That an entry's words belong together is told by its position: set to none before the others are written, and to what it is
 * after. Stores of one owner stay in order, and so do a reader's loads (elsewhere than on x86 both are Atomics).
 */
export class Anchors {
  readonly #words: Int32Array;
  readonly #base: number;
  readonly #lane: Lane;

  constructor(words: Int32Array, layout: ChannelLayout, lane: Lane) {
    this.#words = words;
    this.#base = layout.anchorsByte / 4 + lane.index * ANCHORS_PER_LANE * ANCHOR_WORDS;
    this.#lane = lane;
  }

  /** For the lane's owner: in the place of the oldest. */
  store({ position, number }: Anchor): void {
    const words = this.#words;
    const entry = this.#entry(this.#oldest());
    Atomics.store(words, entry + ANCHOR_POSITION, IDLE);
    Atomics.store(words, entry + ANCHOR_HALF_LAPS, Math.floor(position / 2 ** 31) | 0);
    Atomics.store(words, entry + ANCHOR_NUMBER_LOW, number | 0);
    Atomics.store(words, entry + ANCHOR_NUMBER_HIGH, Math.floor(number / TWO_32) | 0);
    Atomics.store(words, entry + ANCHOR_POSITION, position | 0);
  }

  /** The newest up to a position, counted over all laps: that is never one that was written for frames which nobody has published. */
  newest(upTo: number): Anchor {
    return this.#best(upTo, (anchor, best) => anchor.position > best.position) ?? ORIGIN;
  }

  /** The oldest from a position on, and up to another. */
  oldest(from: number, upTo: number): Anchor | undefined {
    return this.#best(upTo, (anchor, best) => anchor.position < best.position, from);
  }

  /** The newest up to a position with at most so many messages before it. */
  atOrBefore(number: number, upTo: number): Anchor | undefined {
    return this.#best(upTo, (anchor, best) => anchor.position > best.position, 0, number);
  }

  /**
   * Counts the messages from an anchor up to a position, for whom their frames cannot change, or who looks afterwards whether they have. Undefined where there stands something that is no
   * frame; `until` ends it early, at the frame before which so many messages were published.
   */
  walk(from: Anchor, upTo: number, until = Infinity): Anchor | undefined {
    let { position, number } = from;
    const { capacity } = this.#lane;
    if (upTo - position > capacity || position > upTo) return undefined;
    while (position < upTo && number < until) {
      const { frames } = this.#lane;
      const word = (position & (capacity - 1)) >> 2;
      const tag = frames[word + 1];
      const bytes = checkedFrameBytes(frames[word], tag, Math.min(upTo - position, capacity / FRAME_LANE_PART));
      if (bytes === 0) return undefined;
      position += bytes;
      if (!isSkipped(frameType(tag))) number++;
    }
    return { position, number };
  }

  /** For the owner of a lane that is out of use: its numbers go on, from an aligned position that stands for whatever was there. */
  restart(position: number): void {
    const long = this.#lane.longPosition();
    const { number } = this.newest(Infinity);
    for (let index = 0; index < ANCHORS_PER_LANE; index++) {
      Atomics.store(this.#words, this.#entry(index) + ANCHOR_POSITION, IDLE);
    }
    this.store({ position: long - ((long - position) >>> 0), number });
  }

  #best(
    upTo: number,
    isBetter: (anchor: Anchor, best: Anchor) => boolean,
    from = 0,
    most = Infinity,
  ): Anchor | undefined {
    let best: Anchor | undefined;
    for (let index = 0; index < ANCHORS_PER_LANE; index++) {
      const anchor = this.#read(index);
      if (anchor === undefined || anchor.position > upTo || anchor.position < from || anchor.number > most) continue;
      if (best === undefined || isBetter(anchor, best)) best = anchor;
    }
    return best;
  }

  #read(index: number): Anchor | undefined {
    const words = this.#words;
    const entry = this.#entry(index);
    const position = Atomics.load(words, entry + ANCHOR_POSITION);
    const halfLaps = Atomics.load(words, entry + ANCHOR_HALF_LAPS);
    const low = Atomics.load(words, entry + ANCHOR_NUMBER_LOW);
    const high = Atomics.load(words, entry + ANCHOR_NUMBER_HIGH);
    // Again at the end: the same, so what was read in between belongs to it. 2^32 bytes later it is the same once more; then all four are of that time.
    if (Atomics.load(words, entry + ANCHOR_POSITION) !== position) return undefined;
    // The rest is what a stranger might write; an entry that was never written is at position 0 with number 0, which is true.
    if ((position & 7) !== 0 || ((halfLaps ^ (position >>> 31)) & 1) !== 0) return undefined;
    return {
      position: (halfLaps >>> 0) * 2 ** 31 + (position & 0x7fffffff),
      number: (high >>> 0) * TWO_32 + (low >>> 0),
    };
  }

  /** The first that is none, else the one with the lowest position. */
  #oldest(): number {
    let oldest = 0;
    let least = Infinity;
    for (let index = 0; index < ANCHORS_PER_LANE; index++) {
      const position = this.#read(index)?.position ?? -1;
      if (position >= least) continue;
      oldest = index;
      least = position;
    }
    return oldest;
  }

  #entry(index: number): number {
    return this.#base + index * ANCHOR_WORDS;
  }
}
