import { nowMicroseconds } from '../clock.js';
import type { ContendedReport, SyncPeer, SyncPeerSpec } from '../sync-peer-spec.js';
import { openLock, type Lock } from './sync-lock.js';
import { SyncScratch, spinUntil } from './sync-scratch.js';

/** Places in the shared memory. */
const ARRIVALS = 0;
const COUNTER = 1;
const PLACES = 2;

const BOTH = 2;

/** Increments a counter that nothing but the lock protects, against another process that does the same. */
export class ContendedPeer implements SyncPeer {
  readonly #lock: Lock;
  readonly #scratch = new SyncScratch(PLACES);
  readonly #spoil: number;
  #arrivals = 0;
  #target = 0;

  constructor({ case: asked, name, spoil }: SyncPeerSpec) {
    this.#lock = openLock(asked, name);
    this.#spoil = spoil;
  }

  /** Until both together have made `count` increments: so neither goes on alone. */
  run(count: number): ContendedReport {
    const lock = this.#lock;
    const counter = this.#scratch.floats(COUNTER);
    // Whoever finds the counter there loses an increment, once.
    let spoiled = this.#spoil < 0 ? -1 : this.#target + this.#spoil;
    this.#arrivals += BOTH;
    this.#target += count;
    const target = this.#target;
    this.#meet();
    const began = nowMicroseconds();
    let operations = 0;
    for (;;) {
      const guard = lock.acquireSync();
      const value = counter[0];
      if (value === spoiled) spoiled = -1;
      else if (value < target) counter[0] = value + 1;
      guard.release();
      if (value >= target) break;
      operations++;
    }
    return { operations, began, ended: nowMicroseconds() };
  }

  close(): void {
    this.#lock.close();
    this.#scratch.close();
  }

  /** Waits until the other one is here, too. Neither can be back before both were seen: it needs the next order. */
  #meet(): void {
    const arrivals = this.#scratch.words(ARRIVALS);
    Atomics.add(arrivals, 0, 1);
    spinUntil(arrivals, this.#arrivals);
  }
}
