import type { LockRange, Native } from '@ringway/native';

import type { Descriptor } from './descriptor.js';
import { lockRefused } from './directory.js';
import { LOCK_BASE, MAX_LOCKS, PROBE_LIMIT } from './lock-layout.js';
import { PosixError, errnoName } from './posix-error.js';

const BITS_PER_WORD = 32;

/**
 * The slot locks of one handle. Open-file-description locks do not conflict within one description, so those that this handle
 * has are kept in a private set and never asked of the kernel.
 */
export class LockTable {
  readonly #native: Native;
  readonly #descriptor: Descriptor;
  readonly #path: string;
  readonly #own = new Set<number>();

  constructor(native: Native, descriptor: Descriptor, path: string) {
    this.#native = native;
    this.#descriptor = descriptor;
    this.#path = path;
  }

  /** See `SegmentHandle.tryLock`. */
  tryLock(index: number): boolean {
    checkIndex(index);
    if (this.#own.has(index)) return false;
    // Looked at before as well, so that no lock is laid on a stranger's file.
    this.#descriptor.stat();
    const result = this.#native.lock(this.#descriptor.fd, LOCK_BASE + index);
    if (result !== 0) {
      if (errnoName(result) === 'EAGAIN' || errnoName(result) === 'EACCES') return false;
      // A descriptor that was closed since the look says so itself.
      this.#descriptor.stat();
      throw lockRefused(result, this.#path);
    }
    // Only now does the lock prove a death: another thread may have replaced the descriptor between the look and the lock.
    try {
      this.#descriptor.stat();
    } catch (error) {
      // What was cut is found here, too: the lock would tell the others that somebody lives who has nothing of it.
      if (this.#descriptor.isOurs()) this.#native.unlock(this.#descriptor.fd, LOCK_BASE + index);
      throw error;
    }
    this.#own.add(index);
    return true;
  }

  /** See `SegmentHandle.unlock`. */
  unlock(index: number): void {
    checkIndex(index);
    if (!this.#own.has(index)) throw new RangeError(`slot lock ${index} is not held by this handle`);
    this.#descriptor.stat();
    const result = this.#native.unlock(this.#descriptor.fd, LOCK_BASE + index);
    if (result !== 0) throw new PosixError(result, 'fcntl', this.#path);
    this.#own.delete(index);
  }

  /** Whether this handle has slot lock `index`. */
  holds(index: number): boolean {
    return this.#own.has(index);
  }

  /** How many slot locks this handle has. */
  get count(): number {
    return this.#own.size;
  }

  /** See `SegmentHandle.lockedBits`. */
  lockedBits(start: number, count: number, held: Int32Array): void {
    checkRange(start, count, held);
    this.#descriptor.stat();
    for (let done = 0; done < count; done += PROBE_LIMIT) {
      const part = Math.min(PROBE_LIMIT, count - done);
      const words = done === 0 ? held : held.subarray(done / BITS_PER_WORD);
      const result = this.#native.probeRange(this.#descriptor.fd, LOCK_BASE + start + done, part, words);
      if (result !== 0) throw lockRefused(result, this.#path);
    }
    for (const index of this.#own) {
      const bit = index - start;
      if (bit >= 0 && bit < count) held[bit >> 5] |= 1 << (bit & 31);
    }
  }

  /**
   * What the addon needs to watch a range, without this handle's own locks: a probe through this handle's descriptor never sees
   * those, and would take each for one that was just let go.
   */
  rangeToWatch(start: number, count: number, held: Int32Array): LockRange {
    checkRange(start, count, held);
    const foreign = held.slice(0, Math.ceil(count / BITS_PER_WORD));
    for (const index of this.#own) {
      const bit = index - start;
      if (bit >= 0 && bit < count) foreign[bit >> 5] &= ~(1 << (bit & 31));
    }
    return { fd: this.#descriptor.fd, start: LOCK_BASE + start, count, held: foreign };
  }

  /** Whether anybody, this handle included, has any slot lock of the segment. */
  anyHeld(): boolean {
    if (this.#own.size > 0) return true;
    const held = new Int32Array(PROBE_LIMIT / BITS_PER_WORD);
    for (let start = 0; start < MAX_LOCKS; start += PROBE_LIMIT) {
      this.lockedBits(start, PROBE_LIMIT, held);
      if (held.some((word) => word !== 0)) return true;
    }
    return false;
  }

  /** Lets all of them go, if the descriptor is still ours. Never throws: what cannot be unlocked goes with the descriptor. */
  releaseAll(descriptorIsOurs: boolean): void {
    if (descriptorIsOurs) {
      for (const index of this.#own) this.#native.unlock(this.#descriptor.fd, LOCK_BASE + index);
    }
    this.#own.clear();
  }
}

function checkIndex(index: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= MAX_LOCKS) {
    throw new RangeError(`a slot lock is numbered from 0 to ${MAX_LOCKS - 1}, got ${index}`);
  }
}

function checkRange(start: number, count: number, held: Int32Array): void {
  checkIndex(start);
  if (!Number.isInteger(count) || count < 1 || start + count > MAX_LOCKS || held.length * BITS_PER_WORD < count) {
    throw new RangeError(`cannot look at ${count} slot locks from ${start} with ${held.length} words of 32 bits`);
  }
}
