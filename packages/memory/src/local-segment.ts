import { RingwayError } from './errors.js';
import { LocalAttachments } from './local-attachments.js';
import { deadlock, LocalMemory } from './local-memory.js';
import { holdLocalLoop, releaseLocalLoop } from './local-loop.js';
import { LocalWatches } from './local-watches.js';
import { decodeHeader, encodeHeader } from './header.js';
import type { SegmentHeader } from './header.js';
import { newHeader } from './new-header.js';
import type { HeaderSpec } from './new-header.js';
import type { Attachments, SegmentHandle, WaitResult, Watch, WatchReason } from './segment-handle.js';

/** What a segment on the heap is made of. */
export interface LocalSegmentSpec extends HeaderSpec {
  /** Writes what shall be there from the start. */
  readonly fill?: (write: (offset: number, bytes: Uint8Array) => void) => void;
}

/** What all handles of one segment share. */
interface LocalObject {
  readonly header: SegmentHeader;
  readonly memory: LocalMemory;
  readonly watches: LocalWatches;
  /** Who has which slot lock. */
  readonly locks: Map<number, LocalSegment>;
  readonly attachments: Map<string, Uint8Array>;
  readonly handles: Set<LocalSegment>;
  linked: boolean;
  gated: boolean;
}

/**
 * A segment on the heap of one thread: the same behaviour without shared memory, without the addon, on every platform. For unit
 * tests. It has a name for people only, and nobody finds it by that.
 */
export class LocalSegment implements SegmentHandle {
  readonly name: string;
  readonly header: SegmentHeader;
  readonly attachments: Attachments;
  /** One thread sees its own stores in order. */
  readonly fenced = true;
  readonly #object: LocalObject;
  readonly #watches = new Set<Watch>();
  #holds = 0;
  #closed = false;

  private constructor(name: string, object: LocalObject) {
    this.name = name;
    this.header = object.header;
    this.#object = object;
    this.attachments = new LocalAttachments(object.attachments, () => this.#assertOpen());
    object.handles.add(this);
  }

  /** Makes one. Throws `TypeError` or `RangeError` for what a header cannot hold. */
  static create(name: string, spec: LocalSegmentSpec): LocalSegment {
    const header = decodeHeader(encodeHeader(newHeader(spec)), spec.size, name);
    const memory = new LocalMemory(header.size);
    memory.write(0, encodeHeader(header));
    spec.fill?.((offset, bytes) => memory.write(offset, bytes));
    return new LocalSegment(name, {
      header,
      memory,
      watches: new LocalWatches(),
      locks: new Map(),
      attachments: new Map(),
      handles: new Set(),
      linked: true,
      gated: false,
    });
  }

  /** Another handle of the same segment, as a second opener would have; the memory goes with the last one. */
  reopen(): LocalSegment {
    this.#assertOpen();
    return new LocalSegment(this.name, this.#object);
  }

  get closed(): boolean {
    return this.#closed;
  }

  map(offset: number, length: number): ArrayBuffer {
    this.#assertOpen();
    return this.#object.memory.map(offset, length, false);
  }

  mapRing(offset: number, length: number): ArrayBuffer {
    this.#assertOpen();
    return this.#object.memory.map(offset, length, true);
  }

  unmap(buffer: ArrayBuffer): void {
    this.#assertOpen();
    this.#object.memory.unmap(buffer);
  }

  commit(offset: number, length: number): void {
    this.#assertOpen();
    this.#object.memory.checkRange(offset, length);
  }

  punch(offset: number, length: number): void {
    this.#assertOpen();
    this.#object.memory.punch(offset, length);
  }

  /** Nobody can take memory away from the heap. */
  assertIntact(): void {
    return;
  }

  inspect(): void {
    this.#assertOpen();
  }

  withGate<T>(body: () => T): T {
    this.#assertOpen();
    if (this.#object.gated) throw deadlock(`the gate of ${this.name} is held`);
    this.#object.gated = true;
    try {
      return body();
    } finally {
      this.#object.gated = false;
    }
  }

  isLinked(): boolean {
    this.#assertOpen();
    return this.#object.linked;
  }

  fence(): void {
    this.#assertOpen();
  }

  giveWay(): void {
    // Whoever takes part runs in this thread.
  }

  unlink(condition = (): boolean => true): boolean {
    return this.withGate(() => {
      if (!condition()) return false;
      const { linked } = this.#object;
      this.#object.linked = false;
      return linked;
    });
  }

  tryLock(index: number): boolean {
    this.#assertOpen();
    const { locks, watches } = this.#object;
    if (!Number.isInteger(index) || index < 0) throw new RangeError(`a slot lock has a number from 0 on, got ${index}`);
    if (locks.has(index)) return false;
    locks.set(index, this);
    watches.taken(index);
    return true;
  }

  unlock(index: number): void {
    this.#assertOpen();
    if (!this.holds(index)) throw new RangeError(`slot lock ${index} is not held by this handle`);
    this.#object.locks.delete(index);
    this.#object.watches.released(index);
  }

  holds(index: number): boolean {
    this.#assertOpen();
    return this.#object.locks.get(index) === this;
  }

  lockedBits(start: number, count: number, held: Int32Array): void {
    this.#assertOpen();
    if (!Number.isInteger(count) || count < 1 || held.length * 32 < count) {
      throw new RangeError(`cannot look at ${count} slot locks with ${held.length} words of 32 bits`);
    }
    for (let bit = 0; bit < count; bit += 1) {
      const mask = 1 << (bit & 31);
      if (this.#object.locks.has(start + bit)) held[bit >> 5] |= mask;
      else held[bit >> 5] &= ~mask;
    }
  }

  wake(words: Int32Array, index: number, count: number): number {
    this.#assertOpen();
    return this.#object.watches.wake(words, index, count);
  }

  /** Never blocks: throws `ERR_RINGWAY_DEADLOCK` where it would have to. */
  waitSync(words: Int32Array, index: number, expected: number, timeoutMs: number): WaitResult {
    this.#assertOpen();
    if (Atomics.load(words, index) !== expected) return 'changed';
    if (timeoutMs > 0) throw deadlock(`${this.name} has nothing to wait for`);
    return 'timeout';
  }

  watch(
    words: Int32Array,
    index: number,
    expected: number,
    locks: { start: number; count: number; held: Int32Array } | undefined,
    fired: (reason: WatchReason) => void,
  ): Watch {
    this.#assertOpen();
    const inner = this.#object.watches.add(words, index, expected, locks, (reason) => {
      this.#watches.delete(watch);
      fired(reason);
    });
    const watch: Watch = {
      cancel: () => {
        this.#watches.delete(watch);
        inner.cancel();
      },
    };
    this.#watches.add(watch);
    return watch;
  }

  holdLoop(): void {
    this.#assertOpen();
    this.#holds += 1;
    holdLocalLoop();
  }

  /** After `close` this does nothing: what was held was released there. */
  releaseLoop(): void {
    if (this.#holds === 0) return;
    this.#holds -= 1;
    releaseLocalLoop(1);
  }

  /** Buffers are shared by all handles of a segment on the heap: they are detached when the last one closes. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { handles, locks, memory, watches } = this.#object;
    for (const watch of this.#watches) watch.cancel();
    if (this.#holds > 0) releaseLocalLoop(this.#holds);
    this.#holds = 0;
    for (const [index, holder] of locks) {
      if (holder !== this) continue;
      locks.delete(index);
      watches.released(index);
    }
    handles.delete(this);
    if (handles.size === 0) memory.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new RingwayError('ERR_RINGWAY_CLOSED', `this handle of ${this.name} cannot be used: it was closed`);
    }
  }
}
