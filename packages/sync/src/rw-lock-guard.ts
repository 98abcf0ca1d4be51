import type { RwLock, RwLockMode } from './rw-lock.js';

/** One acquisition of an {@link RwLock}. */
export class RwLockGuard {
  readonly #lock: RwLock;
  readonly mode: RwLockMode;
  /** Of a writer: whether a writer before died while it wrote, or closed its handle. Told once, to the next writer. */
  abandoned = false;

  /** @internal */
  constructor(lock: RwLock, mode: RwLockMode) {
    this.#lock = lock;
    this.mode = mode;
  }

  /** Whether it was not released yet. */
  get held(): boolean {
    return this.#lock.isHeldBy(this);
  }

  /** Whether a writer died while it wrote since the data were last said to be repaired: also for readers. */
  get damaged(): boolean {
    return this.#lock.damaged;
  }

  /** Says that the data are whole again. Only while this guard may write. */
  repaired(): void {
    if (this.mode !== 'write' || !this.held) {
      throw new TypeError('only who may write can say that the data are repaired: this guard reads, or was released');
    }
    this.#lock.repair();
  }

  /** Releases it. A second call does nothing. Throws `ERR_RINGWAY_CORRUPT_SEGMENT` if a stranger wrote over the lock. */
  release(): void {
    this.#lock.releaseBy(this);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
