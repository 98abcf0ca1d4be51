import { WATCH_REASON } from '@ringway/native';
import type { LockRange, Native } from '@ringway/native';

import { PosixError } from './posix-error.js';
import type { WatchReason } from './segment-handle.js';

const REASONS: ReadonlyMap<number, WatchReason> = new Map([
  [WATCH_REASON.doorbell, 'doorbell'],
  [WATCH_REASON.lockReleased, 'lock-released'],
  [WATCH_REASON.failed, 'failed'],
]);

/** All native watches of this environment: the addon reports to one function, which finds whom it concerns. */
class Watches {
  readonly #native: Native;
  readonly #fired = new Map<number, (reason: WatchReason) => void>();
  #holds = 0;

  constructor(native: Native) {
    this.#native = native;
    native.onWatch((id, reason) => {
      const fired = this.#fired.get(id);
      // Removed while its report was on the way.
      if (fired === undefined) return;
      this.#fired.delete(id);
      fired(REASONS.get(reason) ?? 'failed');
    });
  }

  /** Begins a wait. Throws {@link PosixError}. */
  add(
    words: Int32Array,
    index: number,
    expected: number,
    locks: LockRange | null,
    fired: (reason: WatchReason) => void,
  ): number {
    const id = this.#native.watch(words, index, expected, locks);
    if (id < 0) throw new PosixError(id, 'futex_waitv');
    this.#fired.set(id, fired);
    return id;
  }

  /** Ends a wait; its function is not called any more. */
  remove(id: number): void {
    if (this.#fired.delete(id)) this.#native.unwatch(id);
  }

  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.#native.refWatches(true);
  }

  release(count: number): void {
    if (count === 0) return;
    this.#holds -= count;
    if (this.#holds === 0) this.#native.refWatches(false);
  }
}

export type { Watches };

let environment: Watches | undefined;

/** The dispatcher of this environment: there is one, because the addon reports to one function. */
export function watches(native: Native): Watches {
  environment ??= new Watches(native);
  return environment;
}
