import { IntervalTable, conflict, overlap, type Interval, type RecordMode } from './interval-table.js';
import type { RecordLockFile } from './record-lock-file.js';
import { HeldRecord } from './record-lock-guard.js';
import type { RecordAcquireOptions } from './record-lock-options.js';
import type { RecordWait } from './record-lock-waits.js';
import type { Turn } from './turn.js';
import { Pending } from './waits.js';

/** An acquisition that was not granted yet. */
class Request implements Interval {
  readonly start: number;
  readonly end: number;
  readonly mode: RecordMode;
  readonly pending: Pending<HeldRecord>;
  /** While a thread waits in the kernel; else it waits for its turn in this handle. */
  wait: RecordWait | undefined;

  constructor({ start, end, mode }: Interval, options: RecordAcquireOptions, gone: (request: Request) => void) {
    this.start = start;
    this.end = end;
    this.mode = mode;
    this.pending = new Pending<HeldRecord>(options, 'the range did not become free', () => gone(this));
  }
}

/**
 * Who holds what through one descriptor, and who waits for it. The kernel knows one mode for each byte of a description
 * and lets everything of it overlap; that acquisitions of one handle exclude each other is decided here, and that those
 * of others do, there.
 *
 * What holds at any moment:
 *
 * - The kernel is asked for a range only when no acquisition of this handle that conflicts with it holds, or is ahead.
 *   What this description has locked inside that range is then shared, and so is the request: **one call for the whole
 *   range** takes all of it or nothing. Nobody ever waits with a part in his hands, which is how two processes would
 *   block each other.
 * - Before a range is let go, the threads that wait in the kernel for any byte of it are called back. One that got its
 *   lock just then holds it from here on, and what it covers stays locked; the others have nothing, and begin again.
 *   Otherwise the unlocking could strip a lock that was granted a moment ago, or a waiting acquisition would keep
 * locked   what nobody holds any more.
 */
export class RecordQueue {
  readonly #file: RecordLockFile;
  readonly #held = new IntervalTable<HeldRecord>();
  /** In the order in which they came. */
  readonly #requests = new Set<Request>();
  readonly #turn: Turn;
  #closed = false;

  /** @param turn - is told when the event loop has had one */
  constructor(file: RecordLockFile, turn: Turn) {
    this.#file = file;
    this.#turn = turn;
  }

  /** Resolves when the range is locked. The options were checked. */
  acquire(interval: Interval, options: RecordAcquireOptions): Promise<HeldRecord> {
    const request = new Request(interval, options, (gone) => this.#leave(gone));
    const must = this.#mustWait(request);
    this.#requests.add(request);
    if (!must) this.#begin(request);
    return request.pending.promise;
  }

  /** Locks the range now, or not at all: also not ahead of those who wait. */
  tryAcquire(interval: Interval): HeldRecord | undefined {
    return !this.#mustWait(interval) && this.#file.tryLock(interval) ? this.#grant(interval) : undefined;
  }

  /** A guard that conflicts. */
  findHeld(interval: Interval): HeldRecord | undefined {
    return this.#held.findConflict(interval);
  }

  /**
   * Nothing that conflicts with `interval` is being waited for any more, until {@link RecordQueue.resume}: for who is
   * about to block this thread, in which nobody could make use of a lock. One that was got just now is let go again,
   * since nobody has seen it.
   */
  suspend(interval: Interval): void {
    const got = [...this.#requests].filter(
      (request) => request.wait !== undefined && conflict(request, interval) && this.#callBack(request),
    );
    // Only when none of them is waiting any more: what is called back for these is granted, and must not conflict.
    for (const request of got) this.#letGo(request);
  }

  /** Goes on with whoever may: after {@link RecordQueue.suspend}, and whenever something was let go. */
  resume(): void {
    const ahead: Request[] = [];
    for (const request of [...this.#requests]) {
      if (this.#closed) return;
      if (
        request.wait === undefined &&
        this.#held.findConflict(request) === undefined &&
        !ahead.some((other) => conflict(other, request))
      ) {
        this.#begin(request);
      }
      if (this.#requests.has(request)) ahead.push(request);
    }
  }

  /** Keeps account of a range that was locked. */
  hold(interval: Interval): HeldRecord {
    return this.#grant(interval);
  }

  /** Everything is void: what is pending rejects with `reason`. The locks go with the file. */
  close(reason: unknown): void {
    this.#closed = true;
    const requests = [...this.#requests];
    this.#requests.clear();
    this.#held.clear();
    for (const { wait, pending } of requests) {
      pending.reject(reason);
      // Whether it got its lock, or why not, is of no interest any more: the descriptor goes, and its locks with it.
      wait?.abandon();
    }
  }

  #mustWait(interval: Interval): boolean {
    if (this.#held.findConflict(interval) !== undefined) return true;
    for (const request of this.#requests) if (conflict(request, interval)) return true;
    return false;
  }

  /** Asks the kernel, which either grants at once or is waited for. */
  #begin(request: Request): void {
    try {
      if (this.#file.tryLock(request)) this.#finish(request);
      else request.wait = this.#file.wait(request, () => this.#over(request));
    } catch (error) {
      this.#fail(request, error);
    }
  }

  /** The thread of a request has reported. */
  #over(request: Request): void {
    this.#turn.begin();
    if (this.#callBack(request)) this.#finish(request);
    this.resume();
  }

  /** Ends the wait of a request. True: it has got the lock. */
  #callBack(request: Request): boolean {
    const { wait } = request;
    if (wait === undefined) return false;
    request.wait = undefined;
    try {
      return this.#file.end(wait);
    } catch (error) {
      this.#fail(request, error);
      return false;
    }
  }

  #finish(request: Request): void {
    this.#requests.delete(request);
    request.pending.resolve(this.#grant(request));
  }

  #fail(request: Request, error: unknown): void {
    this.#requests.delete(request);
    request.pending.reject(error);
  }

  #grant(interval: Interval): HeldRecord {
    const guard = new HeldRecord(interval, (released) => this.#release(released));
    this.#held.add(guard);
    return guard;
  }

  /** A request was aborted, or its time is over. */
  #leave(request: Request): void {
    this.#requests.delete(request);
    if (this.#callBack(request)) this.#letGo(request);
    this.resume();
  }

  #release(guard: HeldRecord): void {
    // All of them are gone when the handle is closed.
    if (!this.#held.delete(guard)) return;
    try {
      this.#letGo(guard);
    } catch (error) {
      this.#held.add(guard);
      throw error;
    }
    this.resume();
  }

  /** Lets go of what no guard covers. */
  #letGo(interval: Interval): void {
    const spans = this.#held.uncovered(interval);
    for (const request of [...this.#requests]) {
      if (request.wait === undefined || !spans.some((span) => overlap(span, request))) continue;
      if (this.#callBack(request)) this.#finish(request);
    }
    try {
      for (const span of this.#held.uncovered(interval)) this.#file.unlock(span);
    } catch (error) {
      // The descriptor was lost, and the lock with it: that it is gone is what was wanted.
      if (!this.#closed) throw error;
    }
  }
}
