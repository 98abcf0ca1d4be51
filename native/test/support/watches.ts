import type { Native } from '@ringway/native';

/** A watch that has fired. */
export interface Fired {
  readonly id: number;
  readonly reason: number;
}

/** Collects the reports of an instance, and lets a test wait for them. */
export class Watches {
  readonly fired: Fired[] = [];
  readonly #native: Native;
  #wanted = 0;
  #resolve: (() => void) | undefined;

  constructor(native: Native) {
    this.#native = native;
    native.onWatch((id, reason) => {
      this.fired.push({ id, reason });
      if (this.fired.length >= this.#wanted) this.#resolve?.();
    });
  }

  /** Resolves when `count` watches have fired since the beginning, with all that have. */
  async atLeast(count: number): Promise<readonly Fired[]> {
    if (this.fired.length >= count) return this.fired;
    this.#native.refWatches(true);
    this.#wanted = count;
    await new Promise<void>((resolve) => (this.#resolve = resolve));
    this.#native.refWatches(false);
    return this.fired;
  }
}

/** Everything that the waiter threads have seen by now has been reported when this resolves. */
export async function settle(native: Native, watches: Watches, words: Int32Array, spare: number): Promise<void> {
  const before = watches.fired.length;
  const id = native.watch(words, spare, words[spare], null);
  Atomics.add(words, spare, 1);
  native.futexWake(words, spare, 1);
  let seen = before;
  do {
    seen += 1;
    await watches.atLeast(seen);
  } while (!watches.fired.slice(before).some((fired) => fired.id === id));
}
