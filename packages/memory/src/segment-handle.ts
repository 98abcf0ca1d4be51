import type { SegmentHeader } from './header.js';

/** Result of {@link SegmentHandle.waitSync}. `woken` may be spurious: look again. */
export type WaitResult = 'woken' | 'changed' | 'timeout';

/** Why a {@link Watch} fired. */
export type WatchReason = 'doorbell' | 'lock-released' | 'failed';

/** A wait under way on a native thread. Fires once, on the event loop. */
export interface Watch {
  /** Stops waiting. The callback is not called after this returned. Idempotent. */
  cancel(): void;
}

/**
 * One opener's view of one segment: what the layers above need of it, and no more. `Segment` implements it on shared memory,
 * `LocalSegment` on the heap of one thread. Everything but `releaseLoop` and `Watch.cancel` throws `ERR_RINGWAY_CLOSED` after
 * {@link SegmentHandle.close}, and all of that but `holdLoop`, `attachments.remove` and `attachments.list` throws `ERR_RINGWAY_SEGMENT_TRUNCATED` once memory of it was found missing; what needs the descriptor throws `ERR_RINGWAY_DESCRIPTOR` when somebody closed or replaced it by
 * number, and the handle is closed then.
 */
export interface SegmentHandle {
  /** The name that the caller gave. */
  readonly name: string;
  /** A private copy of the header, checked when the segment was opened; shared memory is never asked again. */
  readonly header: SegmentHeader;
  readonly closed: boolean;

  /**
   * Maps `length` bytes from `offset`, multiples of the page size. Mapped once, kept until
   * {@link SegmentHandle.close}: the same range gives the same buffer again. On the heap ranges are the same or apart.
   */
  map(offset: number, length: number): ArrayBuffer;
  /**
   * Maps a ring of `length` bytes so that what begins inside it may run over its end: at least `length + length / 4` bytes of the
   * buffer can be used, whatever is written at position p is read at position p, and p and p + length are never in use at the same time.
   */
  mapRing(offset: number, length: number): ArrayBuffer;
  /** Ends one mapping made by `map` or `mapRing`: the buffer is detached. */
  unmap(buffer: ArrayBuffer): void;
  /**
   * Reserves memory for a range, or throws `ERR_RINGWAY_NO_SPACE` and punches it: for a range that holds
   * nothing yet. About 0.3 ms a MiB.
   */
  commit(offset: number, length: number): void;
  /** Gives the memory of a range back to the system; it reads as zeros afterwards. */
  punch(offset: number, length: number): void;

  /**
   * Throws `ERR_RINGWAY_SEGMENT_TRUNCATED` if an access through this handle has met memory that is missing. Such an access reads zeros, or writes what nobody
   * sees: called *after* reading, this proves that what was read was there, and between writing and publishing, that what was written is. One to two nanoseconds.
   */
  assertIntact(): void;
  /**
   * As {@link SegmentHandle.assertIntact}, and asks the system: finds as well what nobody has touched yet, and an object that was cut to nothing and has grown
   * again. About 2 us. Not found is an object that was cut behind its header and has grown again before anybody touched it: that is zeros like any others.
   */
  inspect(): void;

  /**
   * Runs `body` while holding the gate between joining and unlinking. Throws `ERR_RINGWAY_BUSY` if somebody holds it for 5 s,
   * `ERR_RINGWAY_DEADLOCK` if this handle does. Synchronous: a promise that `body` returns is not waited for.
   */
  withGate<T>(body: () => T): T;
  /** False once the segment's name is gone. */
  isLinked(): boolean;
  /**
   * Removes the name under the gate, if `condition` (default: always), which is asked there, and if it still leads to this segment. False if one
   * of both was not so. The caller does not hold the gate.
   */
  unlink(condition?: () => boolean): boolean;

  /**
   * Tries to take slot lock `index`. True proves that nobody alive has it, and that our descriptor is still the segment's. False: held by
   * another handle, **or by this one**: locks of one handle exclude each other too. Throws `ERR_RINGWAY_DESCRIPTOR` when
   * somebody closed or replaced our descriptor by number.
   */
  tryLock(index: number): boolean;
  /** Lets slot lock `index` go. */
  unlock(index: number): void;
  /** Whether this handle itself has slot lock `index`. */
  holds(index: number): boolean;
  /** Sets bit i of `held` where slot lock `start + i` is held by anybody, this handle included; clears the other bits below `count`. Takes no lock. */
  lockedBits(start: number, count: number, held: Int32Array): void;

  /**
   * Whether {@link SegmentHandle.fence} of any participant makes the earlier plain stores of this process visible: it may then leave out the barrier
   * between a store and a load that the others fence for.
   */
  readonly fenced: boolean;
  /**
   * A memory barrier for everybody: what any participant has stored before, plain or not, is visible to the loads that follow here, and what this one
   * has stored before is visible to the loads that any participant makes afterwards. Some microseconds: for who is about to sleep.
   */
  fence(): void;

  /** Lets others run that wait for this processor: for who polls in a loop. About 0.3 us where nobody does. */
  giveWay(): void;

  /** Wakes up to `count` waiters on `words[index]`; returns how many. About 0.5 us: only call it when somebody sleeps. */
  wake(words: Int32Array, index: number, count: number): number;
  /** Blocks the thread while `words[index] === expected`, at most `timeoutMs` (fractions count) and at most one native slice of 100 ms. */
  waitSync(words: Int32Array, index: number, expected: number, timeoutMs: number): WaitResult;
  /**
   * Waits off the event loop until `words[index] !== expected`, or until one of the slot locks `lockStart .. lockStart + lockCount - 1` that is
   * set in `held` is let go (0 locks: doorbell only). Calls `fired` once, on the event loop, never inside this call.
   */
  watch(
    words: Int32Array,
    index: number,
    expected: number,
    locks: { start: number; count: number; held: Int32Array } | undefined,
    fired: (reason: WatchReason) => void,
  ): Watch;
  /** Counted: the event loop of this environment is kept alive while more `hold` than `release` calls were made by all handles. */
  holdLoop(): void;
  releaseLoop(): void;

  /** Objects that belong to this segment (spilled messages); on the heap a table of copies. */
  readonly attachments: Attachments;

  /** Immediate, idempotent, never throws: unlocks everything, detaches every buffer, removes every watch, closes the descriptor. */
  close(): void;
}

/** Objects beside a segment, called `<segment>.<creation id>.<suffix>`; born whole (unnamed, filled, linked). */
export interface Attachments {
  /** Makes an object of exactly these bytes (header first, then body, concatenated). Throws `ERR_RINGWAY_NO_SPACE`, `EEXIST` as PosixError. */
  create(suffix: string, parts: readonly Uint8Array[]): void;
  /** A private copy of the object, or undefined if there is none. Throws `ERR_RINGWAY_CORRUPT_SEGMENT` unless it is a regular file of a trusted owner with exactly `length` bytes. */
  read(suffix: string, length: number): Uint8Array | undefined;
  /** Removes the object. False if there is none. */
  remove(suffix: string): boolean;
  /** Suffixes of all objects that begin with `prefix`. */
  list(prefix: string): string[];
}
