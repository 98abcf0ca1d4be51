import { SLOT_STATE, type Doorbells, type Slots } from '@ringway/sync';
import { Claim } from './claim.js';
import type { Lane } from './lane.js';
import {
  CHANNEL_BYTE,
  CHANNEL_CONSUMERS_HIGH,
  IDLE,
  LANE_LEASE,
  LANE_NEXT,
  LEASE_FREE,
  ROW_FROM,
  ROW_TO,
  type ChannelLayout,
} from './layout.js';
import { CONTRADICTION, type Room, type Rows } from './rows.js';

/** What a row of claims needs of the channel that it belongs to. */
export interface ClaimRowsContext {
  readonly words: Int32Array;
  readonly layout: ChannelLayout;
  readonly slots: Slots;
  readonly doorbells: Doorbells;
}

/** In a queue a row is a claim: a range of frames on which that consumer, and nobody else, works (DESIGN section 7). */
export class ClaimRows implements Rows {
  readonly retained = false;
  readonly #words: Int32Array;
  readonly #layout: ChannelLayout;
  readonly #slots: Slots;
  readonly #doorbells: Doorbells;

  constructor({ words, layout, slots, doorbells }: ClaimRowsContext) {
    this.#words = words;
    this.#layout = layout;
    this.#slots = slots;
    this.#doorbells = doorbells;
  }

  /**
   * Q2: `next` is read *first*, the rows after. A claim is made (its `from` stored) before `next` moves over it, and ends after that. So a claim that
   * is missed among the rows had already ended, or lies at or above the `next` that was read. The other order misses a claim that is made between
   * the two, and its frames are overwritten. The bound of the scan is read after `next` for the same reason: a consumer raises it
   * before its first claim.
   */
  heldBytes(lane: Lane, position: number): number {
    const next = Atomics.load(this.#words, lane.base + LANE_NEXT);
    let held = (position - next) | 0;
    if (held < 0 || held > lane.capacity || (next & 7) !== 0) return CONTRADICTION;
    const high = this.#consumersHigh();
    for (let consumer = 0; consumer < high; consumer++) {
      const row = lane.row(consumer);
      const from = Atomics.load(this.#words, row + ROW_FROM);
      if ((from & 7) !== 0) continue;
      const to = Atomics.load(this.#words, row + ROW_TO);
      if (((to - from) | 0) <= 0) continue;
      const behind = (position - from) | 0;
      if (behind < 0 || behind > lane.capacity) return CONTRADICTION;
      if (behind > held) held = behind;
    }
    return held;
  }

  /** Repairs his lease; his claim is work for the next consumer. */
  settle(lane: Lane, slot: number, owner: number): boolean {
    Claim.repairLease(this.#words, lane, slot, owner, this.#doorbells);
    return this.#isClaim(lane, slot);
  }

  /** Not while a consumer is still at work on a claim (he would write his row again), or holds the lease. */
  forget(lane: Lane): boolean {
    const lease = Atomics.load(this.#words, lane.base + LANE_LEASE);
    if (lease !== LEASE_FREE && !this.#slots.isPast(lease)) return false;
    const { consumers } = this.#layout;
    for (let consumer = 0; consumer < consumers; consumer++) {
      if (this.#isClaim(lane, consumer) && this.#slots.state(consumer) !== SLOT_STATE.free) return false;
    }
    for (let consumer = 0; consumer < consumers; consumer++) {
      Atomics.store(this.#words, lane.row(consumer) + ROW_FROM, IDLE);
    }
    const aligned = lane.align();
    Atomics.store(this.#words, lane.base + LANE_NEXT, aligned);
    Atomics.compareExchange(this.#words, lane.base + LANE_LEASE, lease, LEASE_FREE);
    return true;
  }

  room(lane: Lane): Room {
    return new ClaimedRoom(lane);
  }

  #isClaim(lane: Lane, consumer: number): boolean {
    const from = Atomics.load(this.#words, lane.row(consumer) + ROW_FROM);
    return (from & 7) === 0 && ((Atomics.load(this.#words, lane.row(consumer) + ROW_TO) - from) | 0) > 0;
  }

  #consumersHigh(): number {
    const high = Atomics.load(this.#words, CHANNEL_BYTE / 4 + CHANNEL_CONSUMERS_HIGH);
    const most = this.#layout.consumers;
    // Only ever raised by correct peers; outside its range it is garbage, and all rows count.
    return high >= 0 && high <= most ? high : most;
  }
}

/** Room in a lane whose frames wait until they are acknowledged: one lane from the floor on (P3). */
class ClaimedRoom implements Room {
  readonly publishFirst = false;
  floor: number;
  readonly #lane: Lane;

  constructor(lane: Lane) {
    this.#lane = lane;
    this.floor = (lane.position - lane.capacity) | 0;
  }

  begin(): number | undefined {
    const { position } = this.#lane;
    const held = this.#lane.heldBytes(position);
    return held === CONTRADICTION ? undefined : (position - held) | 0;
  }

  look(published: number): number | undefined {
    const held = this.#lane.heldBytes(published);
    if (held === CONTRADICTION) return undefined;
    this.floor = (published - held) | 0;
    return (this.floor + this.#lane.capacity) | 0;
  }
}
