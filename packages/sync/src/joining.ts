import { RingwayError, type SegmentHandle } from '@ringway/memory';
import { SLOT_STATE } from './slot-layout.js';
import type { Slots } from './slots.js';

/**
 * Taking a slot, under the gate (`unlink-gate.pml`): from before the slot lock until after a look at whether the object still has its name, so that nobody joins
 * what nobody else can find.
 *
 * @param what - what it is, for the message: "queue"
 * @param take - takes the slot
 *
 * Errors: `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`, and whatever `take` throws.
 */
export function joinLinked<T>(segment: SegmentHandle, what: string, take: () => T): T {
  return segment.withGate(() => {
    if (!segment.isLinked()) {
      throw new RingwayError(
        'ERR_RINGWAY_UNLINKED',
        `${what} ${JSON.stringify(segment.name)} was unlinked after it was opened; close it and open it again`,
      );
    }
    return take();
  });
}

/** The lock of a slot from `first` to before `end`: of a free one if there is any, else of one whose owner is dead. Undefined if there is neither. */
export function takeSlot(segment: SegmentHandle, slots: Slots, first: number, end: number): number | undefined {
  for (const wanted of ['free', 'any'] as const) {
    for (let slot = first; slot < end; slot++) {
      if (wanted === 'free' && slots.state(slot) !== SLOT_STATE.free) continue;
      if (segment.holds(slot) || !slots.tryLock(slot)) continue;
      if (wanted === 'any' || slots.state(slot) === SLOT_STATE.free) return slot;
      slots.unlock(slot);
    }
  }
  return undefined;
}
