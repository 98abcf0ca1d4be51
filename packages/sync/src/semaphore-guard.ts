import type { Semaphore } from './semaphore.js';

/** Permits of a {@link Semaphore} that were acquired together. Of a plain semaphore it need not be kept: permits can be released without it. */
export class SemaphoreGuard {
  readonly #semaphore: Semaphore;
  /** How many permits it stands for. */
  readonly count: number;
  #released = false;

  /** @internal */
  constructor(semaphore: Semaphore, count: number) {
    this.#semaphore = semaphore;
    this.count = count;
  }

  /** Whether it was not released yet. */
  get held(): boolean {
    return !this.#released && this.#semaphore.open;
  }

  /** Gives the permits back. A second call does nothing. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#semaphore.giveBack(this.count);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
