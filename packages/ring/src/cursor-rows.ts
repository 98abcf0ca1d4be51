import { NOBODY, type Doorbells, type Slots } from '@ringway/sync';
import { Anchors } from './anchors.js';
import type { Lane } from './lane.js';
import {
  CHANNEL_BYTE,
  CHANNEL_CONSUMERS_HIGH,
  CURSOR_EVICTED,
  CURSOR_OWNER,
  CURSOR_POLICY,
  CURSOR_POLICY_WORD,
  CURSOR_POSITION,
  IDLE,
  type ChannelLayout,
} from './layout.js';
import { OverwritingRoom } from './overwriting-room.js';
import type { Room, Rows } from './rows.js';

/** What rows of cursors need of the channel that they belong to. */
export interface CursorRowsContext {
  readonly words: Int32Array;
  readonly layout: ChannelLayout;
  readonly slots: Slots;
  readonly doorbells: Doorbells;
}

/** In a topic a row is a cursor: how far that subscriber has read, and what becomes of it where it is slow (DESIGN section 8). */
export class CursorRows implements Rows {
  readonly retained = true;
  /** Told of each subscriber that this handle has evicted: its slot. */
  onEvicted: (slot: number) => void = () => undefined;
  readonly #words: Int32Array;
  readonly #layout: ChannelLayout;
  readonly #slots: Slots;
  readonly #doorbells: Doorbells;

  constructor({ words, layout, slots, doorbells }: CursorRowsContext) {
    this.#words = words;
    this.#layout = layout;
    this.#slots = slots;
    this.#doorbells = doorbells;
  }

  /**
   * From the least of the cursors that gate. One further back than a lane means *full*, not *corrupt* (T2): a subscriber announces where it begins before it knows whether that is still
   * there, and may be stopped in between for as long as it takes to go round 2^32 bytes. It looks for itself then, and announces again.
   */
  heldBytes(lane: Lane, position: number): number {
    let held = 0;
    const high = this.#subscribersHigh();
    for (let subscriber = 0; subscriber < high; subscriber++) {
      const row = lane.row(subscriber);
      const cursor = Atomics.load(this.#words, row + CURSOR_POSITION);
      if ((cursor & 7) !== 0 || this.#isEvicted(row)) continue;
      const behind = (position - cursor) | 0;
      if (behind < 0 || behind >= lane.capacity) return lane.capacity;
      if (behind > held) held = behind;
    }
    return held;
  }

  /** Nobody else can use what a subscriber has not read. */
  settle(): boolean {
    return false;
  }

  /**
   * Not while a subscriber gates that lives: it is told that the lane is out of use, and lets it go. A newcomer may announce itself meanwhile: the owner is read again after the row was cleared, and
   * if it is another one then, the lane stays out of use, which that one finds.
   */
  forget(lane: Lane): boolean {
    const { consumers } = this.#layout;
    for (let subscriber = 0; subscriber < consumers; subscriber++) {
      const row = lane.row(subscriber);
      const cursor = Atomics.load(this.#words, row + CURSOR_POSITION);
      if ((cursor & 7) !== 0 || this.#isEvicted(row)) continue;
      const owner = Atomics.load(this.#words, row + CURSOR_OWNER);
      // A row that nobody has ever had is all zeros.
      if (owner !== NOBODY && !this.#slots.isPast(owner)) return false;
      Atomics.compareExchange(this.#words, row + CURSOR_POSITION, cursor, IDLE);
      if (Atomics.load(this.#words, row + CURSOR_OWNER) !== owner) return false;
    }
    this.anchors(lane).restart(lane.align());
    // Whoever still reads what was there is sent on.
    lane.overtakeReaders();
    return true;
  }

  room(lane: Lane): Room {
    return new OverwritingRoom(this, lane, this.#words);
  }

  /** What is known of the numbers of a lane's frames. */
  anchors(lane: Lane): Anchors {
    return new Anchors(this.#words, this.#layout, lane);
  }

  /**
   * For the lane's owner, where there is no room: whoever chose to be disconnected rather than to be waited for, and is below `floor`, is evicted. True if anybody was.
   *
   * The word names the subscriber by its owner word, which no other one in its slot ever has. The row's owner is read before and after the cursor: both are his, then. The
   * eviction is stored before anything is overwritten: who has copied a frame and then finds no eviction has copied what was written (Cursor.isIntact).
   */
  evict(lane: Lane, floor: number): boolean {
    const high = this.#subscribersHigh();
    // Where somebody is waited for all the same, nothing is won.
    for (let subscriber = 0; subscriber < high; subscriber++) {
      const row = lane.row(subscriber);
      if (Atomics.load(this.#words, row + CURSOR_POLICY_WORD) === CURSOR_POLICY.disconnect) continue;
      const cursor = Atomics.load(this.#words, row + CURSOR_POSITION);
      if ((cursor & 7) === 0 && ((cursor - floor) | 0) < 0) return false;
    }
    let any = false;
    for (let subscriber = 0; subscriber < high; subscriber++) {
      const row = lane.row(subscriber);
      const owner = Atomics.load(this.#words, row + CURSOR_OWNER);
      if (Atomics.load(this.#words, row + CURSOR_POLICY_WORD) !== CURSOR_POLICY.disconnect) continue;
      const cursor = Atomics.load(this.#words, row + CURSOR_POSITION);
      if ((cursor & 7) !== 0 || this.#isEvicted(row) || ((cursor - floor) | 0) >= 0) continue;
      if (Atomics.load(this.#words, row + CURSOR_OWNER) !== owner) continue;
      Atomics.store(this.#words, row + CURSOR_EVICTED, owner);
      this.#doorbells.ring(subscriber);
      this.onEvicted(subscriber);
      any = true;
    }
    return any;
  }

  #isEvicted(row: number): boolean {
    const evicted = Atomics.load(this.#words, row + CURSOR_EVICTED);
    return evicted !== 0 && evicted === Atomics.load(this.#words, row + CURSOR_OWNER);
  }

  #subscribersHigh(): number {
    const high = Atomics.load(this.#words, CHANNEL_BYTE / 4 + CHANNEL_CONSUMERS_HIGH);
    const most = this.#layout.consumers;
    // Only ever raised by correct peers; outside its range it is garbage, and all rows count.
    return high >= 0 && high <= most ? high : most;
  }
}
