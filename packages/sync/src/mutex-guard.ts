import type { Mutex } from './mutex.js';

/** One acquisition of a {@link Mutex}: who has the guard has the mutex. */
export class MutexGuard {
  readonly #mutex: Mutex;
  /** Whether the holder before died, or closed his handle, without releasing: told once, to the next holder. What the mutex protects may be half changed. */
  abandoned = false;

  /** @internal */
  constructor(mutex: Mutex) {
    this.#mutex = mutex;
  }

  /** @internal */
  get mutex(): Mutex {
    return this.#mutex;
  }

  /** Whether it was not released yet. */
  get held(): boolean {
    return this.#mutex.isHeldBy(this);
  }

  /** Whether somebody abandoned the mutex at any time since the data were last said to be repaired. */
  get damaged(): boolean {
    return this.#mutex.damaged;
  }

  /** Says that the data are whole again: {@link MutexGuard.damaged} is false from here, for everybody. Only while this guard has the mutex. */
  repaired(): void {
    if (!this.held)
      throw new TypeError('only who has the mutex can say that its data are repaired: this guard was released');
    this.#mutex.repair();
  }

  /** Releases the mutex. A second call does nothing. Throws `ERR_RINGWAY_CORRUPT_SEGMENT` if a stranger wrote over the mutex. */
  release(): void {
    this.#mutex.releaseBy(this);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
