import { RingwayError } from '@ringway/memory';
import { SLICE_MS } from './idle.js';
import type { Interval } from './interval-table.js';
import { RecordLockFile } from './record-lock-file.js';
import type {
  RecordAcquireOptions,
  RecordAcquireSyncOptions,
  RecordGuard,
  RecordHolder,
  RecordLockOptions,
  RecordRange,
} from './record-lock-options.js';
import { RecordQueue } from './record-lock-queue.js';
import type { RecordWait } from './record-lock-waits.js';
import { Turn } from './turn.js';
import { checkWait, timeoutError } from './waits.js';

/** The open handles of this environment by file: those of one file must know each other, since one thread serves all. */
const handles = new Map<string, Set<RecordLock>>();

/** An `acquireSync` on its way. */
interface Blocking {
  readonly interval: Interval;
  /** The handles of the file, whose own waits are suspended meanwhile. */
  readonly siblings: readonly RecordLock[];
  /** While a thread waits in the kernel. */
  wait: RecordWait | undefined;
  /** Once the range is accounted for. */
  guard: RecordGuard | undefined;
}

/**
 * Locks byte ranges of a file: between the acquisitions of one process, between processes, and against every program
 * that locks ranges with `fcntl` or `lockf`. The locks are advisory: they keep nobody from reading and writing who does
 * not ask.
 *
 * **An acquisition is the owner**: each has its own guard, and only that lets it go. Acquisitions of one handle that
 * conflict are granted in the order in which they came; among processes the kernel decides, which prefers nobody and
 * lets shared locks overtake a waiting exclusive one. When a process dies, the kernel lets its locks go.
 *
 * The kernel finds no deadlocks among these locks (open file descriptions have no thread that it could follow): take
 * several ranges in one order everywhere, or wait with a timeout. For more see `docs/record-lock.md`.
 *
 * ```ts
 * const locks = RecordLock.open('accounts.dat');
 * const guard = await locks.acquire({ start: 128, length: 64 });
 * try {
 *   // bytes 128 to 191 are ours alone
 * } finally {
 *   guard.release();
 * }
 * ```
 */
export class RecordLock {
  readonly #file: RecordLockFile;
  readonly #queue: RecordQueue;
  readonly #turn = new Turn();
  #blocking: Blocking | undefined;
  #closed: string | undefined;

  private constructor(target: string | { readonly fd: number }, options: RecordLockOptions | undefined) {
    this.#file = new RecordLockFile(target, options, () =>
      this.#shut('it was closed because somebody in this process closed or replaced its descriptor by number'),
    );
    this.#queue = new RecordQueue(this.#file, this.#turn);
    const { identity } = this.#file;
    const siblings = handles.get(identity);
    if (siblings === undefined) handles.set(identity, new Set([this]));
    else siblings.add(this);
  }

  /**
   * Opens a file for locking, by a path (`segment.path` of a segment) or a descriptor. A descriptor stays the caller's:
   * the file behind it is opened once more, which needs `/proc` and the permission to. Errors: those of `node:fs`
   * (`ENOENT`, `EACCES`, …), `ERR_RINGWAY_UNSUPPORTED_PLATFORM`, `TypeError`, `RangeError`.
   */
  static open(target: string | { readonly fd: number }, options?: RecordLockOptions): RecordLock {
    return new RecordLock(target, options);
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * Locks a range, and waits while others hold it: behind those of this handle that came before and conflict, then in a
   * native thread in the kernel's queue (at most 256 in a process; never in libuv's pool). A wait in the kernel keeps
   * the process alive.
   *
   * Rejects with `AbortError` (`ABORT_ERR`), `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_DESCRIPTOR`,
   * `TypeError`, `RangeError`, `PosixError` (`EBADF`: not opened for this mode; `EAGAIN`: too many threads wait
   * already; `ENOLCK`: the kernel has no memory for locks). After each of them nothing is held. Costs some 10 us when
   * nobody is in the way.
   */
  async acquire(options: RecordAcquireOptions): Promise<RecordGuard> {
    this.#assertOpen();
    checkWait(options);
    this.#undo();
    const guard = await this.#queue.acquire(this.#file.intervalOf(options), options);
    // Else a loop of acquisitions that never wait would starve the event loop.
    if (this.#turn.spent()) {
      await this.#turn.next();
      this.#assertOpen();
    }
    return guard;
  }

  /**
   * The same, but blocks this thread, in slices of at most 100 ms between which `worker.terminate()` acts. Goes before
   * acquisitions of this thread that still wait: they could not go on meanwhile.
   *
   * Throws what {@link RecordLock.acquire} rejects with, and `ERR_RINGWAY_DEADLOCK` when a guard of this thread is in
   * the way (of this handle, or of another one of the same file): it could not be released while the thread is blocked.
   */
  acquireSync(options: RecordAcquireSyncOptions): RecordGuard {
    this.#assertOpen();
    const { timeout } = options;
    checkWait({ timeout });
    const interval = this.#file.intervalOf(options);
    const siblings = [...(handles.get(this.#file.identity) ?? [])];
    for (const sibling of siblings) sibling.#undo();
    for (const sibling of siblings) sibling.#assertNotHeld(interval);
    const blocking: Blocking = { interval, siblings, wait: undefined, guard: undefined };
    this.#blocking = blocking;
    // A timeout of node:vm, or Ctrl-C there, ends this call without `catch` and `finally`. The event loop goes on.
    const rescue = setImmediate(() => this.#undo());
    try {
      for (const sibling of siblings) sibling.#queue.suspend(interval);
      if (!this.#block(blocking, timeout ?? Infinity))
        throw timeoutError('the range did not become free', timeout ?? 0);
      return (blocking.guard = this.#queue.hold(interval));
    } finally {
      for (const sibling of siblings) sibling.#queue.resume();
      this.#blocking = undefined;
      clearImmediate(rescue);
    }
  }

  /**
   * Locks a range if nobody holds it, and nobody of this handle waits for it. Throws as {@link RecordLock.acquire}
   * rejects. Some 5 us.
   */
  tryAcquire(range: RecordRange): RecordGuard | undefined {
    this.#assertOpen();
    this.#undo();
    return this.#queue.tryAcquire(this.#file.intervalOf(range));
  }

  /**
   * Whose lock would be in the way of this one: one of them, own guards first. Takes no lock, and may be outdated when
   * it returns. Throws `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_DESCRIPTOR`, `TypeError`, `RangeError`, `PosixError`.
   */
  query(range: RecordRange): RecordHolder | undefined {
    this.#assertOpen();
    const interval = this.#file.intervalOf(range);
    const held = this.#queue.findHeld(interval);
    if (held === undefined) return this.#file.query(interval);
    const { mode, start, length } = held;
    return { mode, start, length, own: true, pid: process.pid };
  }

  /**
   * Lets everything go and closes the file; what is pending rejects with `ERR_RINGWAY_CLOSED`. Immediate, idempotent,
   * never throws. Closing **any** descriptor of a file ends all classic `fcntl` locks that this process has on it: that
   * is POSIX, and concerns who mixes both kinds in one process.
   */
  close(): void {
    this.#shut('it was closed');
  }

  /** The same as {@link RecordLock.close}: for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** False when the time is over. */
  #block(blocking: Blocking, timeoutMs: number): boolean {
    const { interval } = blocking;
    if (this.#file.tryLock(interval)) return true;
    if (timeoutMs === 0) return false;
    const deadline = performance.now() + timeoutMs;
    const wait = this.#file.wait(interval, () => undefined);
    blocking.wait = wait;
    try {
      for (let left = timeoutMs; left > 0; left = deadline - performance.now()) {
        if (wait.isOverWithin(Math.min(SLICE_MS, Math.ceil(left)))) break;
      }
    } catch (error) {
      blocking.wait = undefined;
      if (this.#file.end(wait)) this.#queue.hold(interval).release();
      throw error;
    }
    blocking.wait = undefined;
    return this.#file.end(wait);
  }

  /**
   * Undoes an `acquireSync` that was ended from outside: that this runs while there is one proves it. Nobody has its
   * guard, so that what it got, be it this moment, goes; and those of this thread that stood back go on.
   */
  #undo(): void {
    const blocking = this.#blocking;
    if (blocking === undefined) return;
    this.#blocking = undefined;
    blocking.wait?.abandon();
    if (!this.closed) (blocking.guard ?? this.#queue.hold(blocking.interval)).release();
    for (const sibling of blocking.siblings) sibling.#queue.resume();
  }

  #assertNotHeld(interval: Interval): void {
    const held = this.#queue.findHeld(interval);
    if (held === undefined) return;
    throw new RingwayError(
      'ERR_RINGWAY_DEADLOCK',
      `this thread holds a guard of ${this.#file.path} from byte ${held.start} (${held.mode}), and could not release it ` +
        'while it is blocked: release that guard first, or await acquire()',
    );
  }

  #assertOpen(): void {
    if (this.#closed === undefined) return;
    throw new RingwayError('ERR_RINGWAY_CLOSED', `cannot lock ranges of ${this.#file.path}: ${this.#closed}`);
  }

  #shut(why: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = why;
    const siblings = handles.get(this.#file.identity);
    siblings?.delete(this);
    if (siblings?.size === 0) handles.delete(this.#file.identity);
    // No thread may wait any more by a descriptor that is closed.
    const blocking = this.#blocking;
    blocking?.wait?.abandon();
    if (blocking !== undefined) blocking.wait = undefined;
    this.#queue.close(
      new RingwayError('ERR_RINGWAY_CLOSED', `the wait for a range of ${this.#file.path} has ended: ${why}`),
    );
    this.#file.close();
  }
}
