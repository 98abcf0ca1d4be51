import type { Participant } from './participant.js';
import type { SharedPermits } from './permits.js';
import type { SyncRecord } from './record.js';
import { NOBODY } from './slot-layout.js';
import { RECORD_STATE, ROW_FIRST, ROW_OWNER } from './sync-layout.js';

/**
 * Permits that belong to participants: each counts its own in its row, which it alone writes. Free is what all rows of the living leave, so a dead one's come back without
 * anybody doing anything.
 *
 * To look and to take must be one step: whoever wants permits has the inner lock (the state word: an owner word) while he adds up and raises his own row. That store is the only
 * change that he makes, so who dies with the inner lock leaves nothing half done, and it is taken from him. Giving back needs no lock: it only lowers one's own row.
 */
export class OwnedPermits implements SharedPermits {
  readonly owned = true;
  readonly #record: SyncRecord;
  readonly #participant: Participant;
  readonly #words: Int32Array;
  readonly #lock: number;
  readonly #all: number;
  readonly #wake: () => void;
  /** What this handle has: the same as its row says. */
  #mine = 0;

  /** @param wake - wakes the next that sleeps, if permits are free */
  constructor(record: SyncRecord, wake: () => void) {
    this.#wake = wake;
    this.#record = record;
    this.#participant = record.participant;
    this.#words = record.participant.words;
    this.#lock = record.word(RECORD_STATE);
    this.#all = record.first;
  }

  free(): number {
    let held = 0;
    const high = this.#record.rowsHigh;
    for (let slot = 0; slot < high; slot++) {
      const row = this.#record.row(slot);
      const owner = Atomics.load(this.#words, row + ROW_OWNER);
      if (owner === NOBODY || this.#participant.isGone(owner)) continue;
      // Never less than nothing, whatever a stranger wrote: what he can forge is that permits are taken.
      held += Math.max(0, Atomics.load(this.#words, row + ROW_FIRST));
    }
    return Math.max(0, this.#all - held);
  }

  any(): boolean {
    return this.free() > 0;
  }

  take(count: number): boolean {
    const row = this.#record.takeRow(() => undefined);
    if (this.free() < count || !this.#enter()) return false;
    const enough = this.free() >= count;
    if (enough) {
      this.#mine += count;
      Atomics.store(this.#words, row + ROW_FIRST, this.#mine);
    }
    Atomics.compareExchange(this.#words, this.#lock, this.#participant.me, NOBODY);
    // Somebody may have found the inner lock taken and gone to sleep. (Who takes permits looks at the sleepers anyway.) Only after somebody else took what was seen free before,
    // so no two that cannot be served wake each other for ever.
    if (!enough) this.#wake();
    return enough;
  }

  giveBack(count: number): void {
    this.#mine -= count;
    Atomics.store(this.#words, this.#record.row(this.#participant.slot) + ROW_FIRST, this.#mine);
  }

  probe(): void {
    const high = this.#record.rowsHigh;
    for (let slot = 0; slot < high; slot++) {
      this.#participant.isProvedGone(Atomics.load(this.#words, this.#record.row(slot) + ROW_OWNER));
    }
    this.#participant.isProvedGone(Atomics.load(this.#words, this.#lock));
  }

  leave(): void {
    const row = this.#record.row(this.#participant.slot);
    Atomics.compareExchange(this.#words, row + ROW_OWNER, this.#participant.me, NOBODY);
  }

  /** Takes the inner lock, also from the dead. Whoever has it looks at the sleepers when he is done, so who fails here may sleep. */
  #enter(): boolean {
    const { me } = this.#participant;
    const holder = Atomics.load(this.#words, this.#lock);
    if (holder !== NOBODY && !this.#participant.isGone(holder)) return false;
    return Atomics.compareExchange(this.#words, this.#lock, holder, me) === holder;
  }
}
