import type { SegmentObserver } from '@ringway/memory';
import { SLOT_BYTES, SLOT_GENERATION_WORD, SLOT_STATE, SLOT_STATE_WORD, SLOT_WORDS } from './slot-layout.js';

/** How many slots of a participant table are in which condition. The rest is free. */
export interface SlotCensus {
  /** Somebody holds the slot's lock. */
  readonly alive: number;
  /** Its owner died, and what he left was not adopted yet. */
  readonly dead: number;
  /** Its owner left on purpose, and handed over work that nobody has taken yet. */
  readonly left: number;
}

/** What {@link countSlots} needs of a segment that is observed. */
export type Observed = Pick<SegmentObserver, 'read' | 'lockedBits'>;

/** What an onlooker has to know of a kind of segment to see who takes part in it. */
export interface SegmentKind {
  /** `kind` in the segment's header. */
  readonly kind: number;
  /** The word for it. */
  readonly word: string;
  /** Counts its slots. Errors: `ERR_RINGWAY_CORRUPT_SEGMENT`. */
  count(segment: SegmentObserver): SlotCensus;
}

/**
 * Counts the slots of a table without taking part: the words by `pread`, the locks by asking.
 *
 * Nothing is locked meanwhile. Dead is who has one generation before and after a moment at which his lock was free: who leaves or joins
 * in between has another.
 *
 * @param segment - whose table it is
 * @param offset - where the table begins, in bytes
 * @param count - number of slots
 */
export function countSlots(segment: Observed, offset: number, count: number): SlotCensus {
  const before = readWords(segment, offset, count);
  const held = segment.lockedBits(count);
  const after = readWords(segment, offset, count);
  let alive = 0;
  let dead = 0;
  let left = 0;
  for (let slot = 0; slot < count; slot++) {
    const state = slot * SLOT_WORDS + SLOT_STATE_WORD;
    const generation = slot * SLOT_WORDS + SLOT_GENERATION_WORD;
    if ((held[slot >> 5] & (1 << (slot & 31))) !== 0) alive++;
    else if (before[state] !== after[state] || before[generation] !== after[generation]) continue;
    else if (after[state] === SLOT_STATE.live || after[state] === SLOT_STATE.orphan) dead++;
    else if (after[state] === SLOT_STATE.left) left++;
  }
  return { alive, dead, left };
}

function readWords(segment: Observed, offset: number, count: number): Int32Array {
  return new Int32Array(segment.read(offset, count * SLOT_BYTES).buffer);
}
