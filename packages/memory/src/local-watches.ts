import type { Watch, WatchReason } from './segment-handle.js';

interface Waiting {
  readonly buffer: ArrayBufferLike;
  /** Byte offset of the word. */
  readonly offset: number;
  readonly locks: { readonly start: number; readonly count: number; readonly held: Int32Array } | undefined;
  readonly fired: (reason: WatchReason) => void;
  /** Set once it is decided that it fires; the report is on its way then. */
  reason: WatchReason | undefined;
}

/** Who waits within one thread, and on which word. Fires as the native ones do: once, in a later turn of the event loop. */
export class LocalWatches {
  readonly #waiting = new Set<Waiting>();

  /** See `SegmentHandle.watch`. */
  add(
    words: Int32Array,
    index: number,
    expected: number,
    locks: { start: number; count: number; held: Int32Array } | undefined,
    fired: (reason: WatchReason) => void,
  ): Watch {
    const waiting: Waiting = {
      buffer: words.buffer,
      offset: words.byteOffset + index * Int32Array.BYTES_PER_ELEMENT,
      locks: locks === undefined ? undefined : { ...locks, held: locks.held.slice() },
      fired,
      reason: undefined,
    };
    this.#waiting.add(waiting);
    if (Atomics.load(words, index) !== expected) this.#fire(waiting, 'doorbell');
    return { cancel: () => void this.#waiting.delete(waiting) };
  }

  /** Wakes up to `count` of those who wait on a word, the longest waiting first; returns how many. */
  wake(words: Int32Array, index: number, count: number): number {
    const offset = words.byteOffset + index * Int32Array.BYTES_PER_ELEMENT;
    let woken = 0;
    for (const waiting of this.#waiting) {
      if (woken === count) break;
      if (waiting.reason !== undefined || waiting.offset !== offset || waiting.buffer !== words.buffer) continue;
      this.#fire(waiting, 'doorbell');
      woken += 1;
    }
    return woken;
  }

  /** Tells those who wait for slot lock `index` that it was let go. */
  released(index: number): void {
    for (const waiting of this.#waiting) {
      if (waiting.reason !== undefined || waiting.locks === undefined) continue;
      const bit = index - waiting.locks.start;
      if (bit < 0 || bit >= waiting.locks.count) continue;
      if ((waiting.locks.held[bit >> 5] & (1 << (bit & 31))) !== 0) this.#fire(waiting, 'lock-released');
    }
  }

  /** Tells those who wait for locks that `index` is held from now on. */
  taken(index: number): void {
    for (const { locks } of this.#waiting) {
      const bit = locks === undefined ? -1 : index - locks.start;
      if (locks !== undefined && bit >= 0 && bit < locks.count) locks.held[bit >> 5] |= 1 << (bit & 31);
    }
  }

  #fire(waiting: Waiting, reason: WatchReason): void {
    waiting.reason = reason;
    setImmediate(() => {
      // Cancelled while the report was on its way.
      if (this.#waiting.delete(waiting)) waiting.fired(reason);
    });
  }
}
