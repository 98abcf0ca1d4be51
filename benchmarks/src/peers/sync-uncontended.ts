import { nowMicroseconds } from '../clock.js';
import type { SyncPeer, SyncPeerSpec, UncontendedReport } from '../sync-peer-spec.js';
import { openLock, type Lock } from './sync-lock.js';

/** Acquires and releases what nobody else wants. */
export class UncontendedPeer implements SyncPeer {
  readonly #lock: Lock;

  constructor({ case: asked, name }: SyncPeerSpec) {
    this.#lock = openLock(asked, name);
  }

  run(count: number): UncontendedReport {
    const lock = this.#lock;
    const began = nowMicroseconds();
    for (let i = 0; i < count; i++) lock.acquireSync().release();
    return { microseconds: nowMicroseconds() - began };
  }

  close(): void {
    this.#lock.close();
  }
}
