import type { SegmentHandle } from '@ringway/memory';
import { SLOT_STATE } from './slot-layout.js';
import type { Peer, Slots } from './slots.js';

/**
 * Who is here, as this handle last saw it: finds the dead, and tells whom we lost since the last look, also when
 * somebody else has adopted and freed the slot meanwhile.
 */
export class Roster {
  readonly #segment: SegmentHandle;
  readonly #slots: Slots;
  readonly #known: (Peer | undefined)[];
  readonly #generations: Int32Array;
  /** One more than the generation whose loss was told last. */
  readonly #told: Int32Array;
  /** Bit i: slot lock i was held by anybody at the last {@link Roster.refresh}. The baseline for a watch on locks. */
  readonly held: Int32Array;

  constructor(segment: SegmentHandle, slots: Slots) {
    this.#segment = segment;
    this.#slots = slots;
    this.#known = new Array<Peer | undefined>(slots.count).fill(undefined);
    this.#generations = new Int32Array(slots.count);
    this.#told = new Int32Array(slots.count);
    this.held = new Int32Array(Math.ceil(slots.count / 32));
  }

  /** Asks the kernel who holds his lock: about 0.5 us a participant. */
  refresh(): void {
    this.#segment.lockedBits(0, this.#slots.count, this.held);
  }

  /** Slots in use whose lock nobody held at the last refresh: to be adopted by whoever gets the lock. */
  dead(): number[] {
    const found: number[] = [];
    for (let slot = 0; slot < this.#slots.count; slot++) {
      if (!this.#isHeld(slot) && this.#slots.state(slot) !== SLOT_STATE.free) found.push(slot);
    }
    return found;
  }

  /** Peers that were alive at an earlier call and are dead now; each is told once. Uses the last refresh. */
  lost(): Peer[] {
    const lost: Peer[] = [];
    for (let slot = 0; slot < this.#slots.count; slot++) {
      const generation = this.#slots.generation(slot);
      const state = this.#slots.state(slot);
      const known = this.#known[slot];
      if (known !== undefined) {
        const before = this.#generations[slot];
        const gone = generation !== before || state !== SLOT_STATE.live || !this.#isHeld(slot);
        if (!gone) continue;
        this.#known[slot] = undefined;
        const unseen = generation === before && state === SLOT_STATE.live;
        if ((unseen || this.#slots.wasLost(slot, before)) && this.#tell(slot, before)) lost.push(known);
      }
      if (state === SLOT_STATE.live && this.#isHeld(slot)) {
        this.#known[slot] = this.#slots.peer(slot);
        this.#generations[slot] = generation;
      }
    }
    return lost;
  }

  /** For who holds the lock of a slot that is still live, which proves a death: the peer, unless it was told of. Also one that was never seen alive. */
  lostNow(slot: number): Peer | undefined {
    return this.#tell(slot, this.#slots.generation(slot)) ? this.#slots.peer(slot) : undefined;
  }

  #tell(slot: number, generation: number): boolean {
    if (this.#told[slot] === generation + 1) return false;
    this.#told[slot] = generation + 1;
    return true;
  }

  #isHeld(slot: number): boolean {
    return (this.held[slot >> 5] & (1 << (slot & 31))) !== 0;
  }
}
