import { RingwayError, type SegmentHandle } from '@ringway/memory';
import { joinLinked, takeSlot } from './joining.js';
import { Roster } from './roster.js';
import { NOBODY, OWNER_SLOT_BITS, SLOT_STATE } from './slot-layout.js';
import { Slots } from './slots.js';
import { TABLE_BYTE } from './sync-layout.js';

/** `role` of a participant that synchronizes. */
const ROLE_SYNC = 3;
const LABEL = 'sync';

/**
 * One handle's part in a segment of locks: its slot, and what it knows of the others. What a participant owns (a mutex, permits, a row) names it by its owner
 * word, and is free as soon as that word names nobody alive; so the dead leave nothing to repair here, and a slot can be used again at once.
 */
export class Participant {
  readonly segment: SegmentHandle;
  readonly buffer: ArrayBuffer;
  readonly words: Int32Array;
  readonly slots: Slots;
  readonly roster: Roster;
  /** Index in the participant table. */
  readonly slot: number;
  /** Owner word: what this one writes where it owns something. */
  readonly me: number;
  /** An owner word of this slot that is past: what it stands in was given up without being released. */
  readonly former: number;
  readonly #probed = new Int32Array(1);

  private constructor(segment: SegmentHandle, buffer: ArrayBuffer, slots: Slots, slot: number) {
    this.segment = segment;
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.slots = slots;
    this.roster = new Roster(segment, slots);
    this.slot = slot;
    this.me = slots.owner(slot);
    this.former = (this.me - (1 << OWNER_SLOT_BITS)) | 0;
  }

  /**
   * Joins. Errors: `ERR_RINGWAY_TOO_MANY_PARTICIPANTS`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`.
   *
   * @param buffer - the segment, mapped from its beginning
   * @param count - participants at most
   */
  static join(segment: SegmentHandle, buffer: ArrayBuffer, count: number): Participant {
    const slots = new Slots(segment, buffer, TABLE_BYTE, count);
    const slot = joinLinked(segment, 'the segment', () => {
      const taken = takeSlot(segment, slots, 0, count);
      if (taken === undefined) return undefined;
      // A dead one's place: from here all that he owned names a generation that is over.
      if (slots.state(taken) !== SLOT_STATE.free) settle(slots, taken);
      slots.occupy(taken, LABEL, ROLE_SYNC);
      return taken;
    });
    if (slot !== undefined) return new Participant(segment, buffer, slots, slot);
    throw new RingwayError(
      'ERR_RINGWAY_TOO_MANY_PARTICIPANTS',
      `${JSON.stringify(segment.name)} is open in ${count} places already, as many as its creator allowed; close one, or create it with ` +
        'more participants',
    );
  }

  /** Whether an owner word names nobody who is alive, as far as shared memory tells. Two or three atomics; the kernel is not asked. */
  isGone(owner: number): boolean {
    const { slots } = this;
    // In this order: a slot that is not live now and had this generation before is over, whatever happened in between.
    return owner !== NOBODY && (slots.isPast(owner) || slots.state(slots.slotOf(owner)) !== SLOT_STATE.live);
  }

  /** As {@link Participant.isGone}, and asks the kernel where that says no: some 3 us. */
  isProvedGone(owner: number): boolean {
    if (owner === NOBODY || owner === this.me) return false;
    if (this.isGone(owner)) return true;
    const slot = this.slots.slotOf(owner);
    this.segment.lockedBits(slot, 1, this.#probed);
    if ((this.#probed[0] & 1) === 0) this.#bury(slot);
    return this.isGone(owner);
  }

  /** Frees the slots of the dead, as of the roster's last refresh. */
  lookForDead(): void {
    for (const slot of this.roster.dead()) this.#bury(slot);
  }

  /** Leaves, orderly: what this one still owns is as a dead one's from here. */
  leave(): void {
    this.slots.free(this.slot);
  }

  /** Under the lock of a dead one's slot, which proves the death. Every step may be repeated. */
  #bury(slot: number): void {
    const { segment, slots } = this;
    if (segment.holds(slot) || !slots.tryLock(slot)) return;
    if (slots.state(slot) === SLOT_STATE.free) {
      slots.unlock(slot);
      return;
    }
    settle(slots, slot);
    slots.free(slot);
  }
}

/** What a dead one leaves in the table: first everybody is told that this generation is over, then it ends. */
function settle(slots: Slots, slot: number): void {
  slots.markOrphan(slot, slots.state(slot) === SLOT_STATE.live);
  slots.raise(slot);
}
