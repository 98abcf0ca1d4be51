import { RingwayError, type SegmentHandle } from '@ringway/memory';
import { NOBODY, Roster, SLOT_STATE, Slots, joinLinked, takeSlot, type Peer } from '@ringway/sync';
import { BOARD_SLOTS_BYTE, ENTRY_OWNER, ROLE_BLACKBOARD, type BoardLayout } from './blackboard-layout.js';
import { boardLayoutOf } from './blackboard-segment.js';

/** No slot. */
const NONE = -1;

/** A blackboard's segment as one handle sees it: its views, the participant table, and the handle's own place in it once it has one. */
export class Board {
  readonly segment: SegmentHandle;
  readonly layout: BoardLayout;
  readonly buffer: ArrayBuffer;
  readonly words: Int32Array;
  readonly slots: Slots;
  readonly roster: Roster;
  readonly #words: Int32Array;
  readonly #lost: (peer: Peer) => void;
  #slot = NONE;
  #me = NOBODY;

  /**
   * Throws `ERR_RINGWAY_CORRUPT_SEGMENT`.
   *
   * @param lost - told once of each peer that died
   */
  constructor(segment: SegmentHandle, lost: (peer: Peer) => void) {
    this.segment = segment;
    this.layout = boardLayoutOf(segment.header, segment.name);
    this.buffer = segment.map(0, this.layout.size);
    this.words = this.#words = new Int32Array(this.buffer);
    this.slots = new Slots(segment, this.buffer, BOARD_SLOTS_BYTE, this.layout.participants);
    this.roster = new Roster(segment, this.slots);
    this.#lost = lost;
  }

  /** Whether this handle has a slot. */
  get joined(): boolean {
    return this.#slot !== NONE;
  }

  /** This handle's slot, once it has joined. */
  get slot(): number {
    return this.#slot;
  }

  /** Owner word of this handle: what it writes where it owns something. */
  get me(): number {
    return this.#me;
  }

  /**
   * Takes a slot. A dead one's will do at once: all that he owned are keys, and his bits among the sleepers harm nobody (whoever writes next takes them away, and rings a doorbell
   * once too often). Errors: `ERR_RINGWAY_TOO_MANY_PARTICIPANTS`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`.
   */
  join(label: string): void {
    const { segment, slots, layout } = this;
    const slot = joinLinked(segment, 'blackboard', () => {
      const taken = takeSlot(segment, slots, 0, layout.participants);
      if (taken === undefined) return undefined;
      if (slots.state(taken) !== SLOT_STATE.free) {
        this.#bury(taken);
        slots.raise(taken);
      }
      slots.occupy(taken, label, ROLE_BLACKBOARD);
      return taken;
    });
    if (slot === undefined) {
      throw new RingwayError(
        'ERR_RINGWAY_TOO_MANY_PARTICIPANTS',
        `${layout.participants} handles of blackboard ${JSON.stringify(segment.name)} write or wait already, as many as its creator allowed; ` +
          'close one, or create it with more maxParticipants',
      );
    }
    this.#slot = slot;
    this.#me = slots.owner(slot);
  }

  /** Leaves, orderly: the keys of this handle have no writer from here. */
  leave(): void {
    if (!this.joined) return;
    this.slots.free(this.#slot);
    this.#slot = NONE;
    this.#me = NOBODY;
  }

  /** Asks the kernel who is here, and frees the slots of the dead. About 0.5 us a slot. */
  lookForDead(): void {
    this.roster.refresh();
    this.sweep();
  }

  /** As {@link Board.lookForDead}, by what the roster has found just before. */
  sweep(): void {
    const { segment, slots, roster } = this;
    for (const peer of roster.lost()) this.#lost(peer);
    for (const slot of roster.dead()) {
      if (segment.holds(slot) || !slots.tryLock(slot)) continue;
      if (slots.state(slot) === SLOT_STATE.free) slots.unlock(slot);
      else {
        this.#bury(slot);
        slots.free(slot);
      }
    }
  }

  /**
   * Under the lock of a slot that is not free, which proves the death: from here everybody knows. His keys have no writer any more; their words would be void without that, but only until
   * the slot's generations have come round. May be repeated.
   */
  #bury(slot: number): void {
    const { slots, roster, layout } = this;
    const died = slots.state(slot) === SLOT_STATE.live;
    const peer = died ? roster.lostNow(slot) : undefined;
    if (peer !== undefined) this.#lost(peer);
    slots.markOrphan(slot, died);
    const owner = slots.owner(slot);
    for (let index = 0; index < layout.keys; index++) {
      const word = ((layout.entriesByte + index * layout.entryBytes) >>> 2) + ENTRY_OWNER;
      if (this.#words[word] === owner) Atomics.compareExchange(this.#words, word, owner, NOBODY);
    }
  }
}
