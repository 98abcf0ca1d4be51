import { SLOT_STATE, type Peer } from '@ringway/sync';
import type { Channel } from './channel.js';
import type { Lane } from './lane.js';
import { IDLE, LANE_STATE, ROW_FROM } from './layout.js';

/** Roles of slots, as peers see them. */
export const ROLE = { consumer: 1, producer: 2 } as const;

/** What is done with the rows of a dead consumer: by a consumer, who works them; others have none. */
export interface Adopter {
  /** The dead slot's lock is mine; these lanes have a claim of his. The slot is freed by {@link Recovery.finish}. */
  adopt(slot: number, lanes: Lane[]): void;
}

/**
 * Recovery is adoption (DESIGN Q4): whoever gets a dead participant's slot lock finishes what he was at. No data moves, and every step may be
 * repeated, for who dies while adopting is adopted in turn.
 *
 * Order, and why: the slot is marked orphan first, so that everybody knows that its (slot, generation) is dead while its owner words still
 * stand around; then leases are repaired and freed; then its claims are worked; then the rows are idle; only then the generation is raised, for after that
 * anybody may replace what carries the old one (Slots.isPast); then the slot is freed.
 */
export class Recovery {
  readonly #channel: Channel;
  readonly #words: Int32Array;
  readonly #lost: (peer: Peer) => void;

  /** @param lost - told once of each peer that died */
  constructor(channel: Channel, lost: (peer: Peer) => void) {
    this.#channel = channel;
    this.#words = channel.words;
    this.#lost = lost;
  }

  /** Looks for the dead (the roster was just refreshed), repairs what they left, and hands claims to the adopter, if there is one. */
  sweep(adopter: Adopter | undefined): void {
    const { roster, slots, layout } = this.#channel;
    for (const peer of roster.lost()) this.#lost(peer);
    for (const slot of roster.dead()) {
      if (slots.state(slot) === SLOT_STATE.free || !slots.tryLock(slot)) continue;
      const lost = slots.state(slot) === SLOT_STATE.live ? roster.lostNow(slot) : undefined;
      if (lost !== undefined) this.#lost(lost);
      if (slots.state(slot) === SLOT_STATE.free) slots.unlock(slot);
      else if (slot >= layout.consumers) {
        this.settleProducer(slot);
        slots.free(slot);
      } else this.#adoptConsumer(slot, adopter);
    }
  }

  /** Under a dead producer's slot lock: its lanes are readable until drained, and can be taken. */
  settleProducer(slot: number): void {
    const { slots } = this.#channel;
    this.#markOrphan(slot);
    const owner = slots.owner(slot);
    for (const lane of this.#channel.lanes()) {
      if (lane.owner === owner && lane.state === LANE_STATE.open) lane.setState(LANE_STATE.abandoned);
    }
  }

  /** Under a dead consumer's slot lock: its leases and its sleepers bit are repaired. Returns the lanes where it left a claim. */
  settleConsumer(slot: number): Lane[] {
    const { slots, doorbells } = this.#channel;
    this.#markOrphan(slot);
    // It may have been rung, and nobody else: the ring is passed on.
    if (!doorbells.withdraw(slot)) doorbells.ringOne();
    const owner = slots.owner(slot);
    const claimed: Lane[] = [];
    for (let index = 0; index < this.#channel.layout.lanes; index++) {
      const lane = this.#channel.lane(index);
      if (this.#channel.rows.settle(lane, slot, owner)) claimed.push(lane);
    }
    return claimed;
  }

  /** Under the slot's lock, nothing being left to work: rows idle, then the slot is free (`slot-reuse.pml`). */
  finish(slot: number): void {
    this.clearRows(slot, []);
    this.#channel.slots.free(slot);
  }

  /** Under the slot's lock: stores idle in its rows, but for those of `except`. */
  clearRows(slot: number, except: readonly Lane[]): void {
    for (let index = 0; index < this.#channel.layout.lanes; index++) {
      const lane = this.#channel.lane(index);
      if (!except.includes(lane)) Atomics.store(this.#words, lane.row(slot) + ROW_FROM, IDLE);
    }
  }

  #adoptConsumer(slot: number, adopter: Adopter | undefined): void {
    const claimed = this.settleConsumer(slot);
    if (claimed.length === 0) {
      this.finish(slot);
      // What it held up (a floor, an end) may be free now.
      for (const lane of this.#channel.lanes()) lane.acknowledged();
    } else if (adopter !== undefined) adopter.adopt(slot, claimed);
    else this.#channel.slots.unlock(slot);
  }

  #markOrphan(slot: number): void {
    const { slots } = this.#channel;
    if (slots.state(slot) === SLOT_STATE.live) slots.markOrphan(slot, true);
    else if (slots.state(slot) === SLOT_STATE.left) slots.markOrphan(slot, false);
  }
}
