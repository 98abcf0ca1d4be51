import { RingwayError } from '@ringway/memory';
import { Idle, SLICE_MS, type IdleStrategy, type Waiting } from './idle.js';
import type { Participant } from './participant.js';
import { Turn } from './turn.js';
import { Pending, checkWait, leaving, timeoutError, type WaitOptions } from './waits.js';

/** One acquisition that is wanted: what to try, and since when. */
export interface Attempt<T> {
  /** Takes it if it is to be had now. */
  take(): T | undefined;
  /** It was looked for in vain, since so long: `performance.now()` of its beginning. */
  missed?(since: number): void;
  /** The first in line is no longer wanted, or stands back for a thread that blocks: gives up what it has reserved. */
  forgone?(): void;
  /** It will never be wanted again, and was not had: wherever in line it stood. */
  dropped?(): void;
  /** For the message of a timeout: "the mutex did not become free". */
  readonly what: string;
}

/** What the acquisitions of one primitive need of it. */
export interface Contended {
  /** Whether it is this handle itself that stands in the way of the next in line: then nothing is to be waited for in shared memory. */
  isBlockedHere(attempt: Attempt<unknown>): boolean;
  /** Tells the others that this handle is about to sleep. */
  announce(): void;
  /** Takes that back. False if somebody has rung this handle before. */
  withdraw(): boolean;
  /** Wakes somebody else, who may take what this handle was woken for. */
  passOn(): void;
  /** Milliseconds after which to look again though nobody rings, or undefined. */
  lookAgainMs?(): number | undefined;
  /** The slots of the dead are free now: repairs what else depends on them. */
  buried?(): void;
}

interface Request<T> {
  readonly attempt: Attempt<T>;
  readonly pending: Pending<T>;
  readonly since: number;
}

/**
 * The acquisitions of one handle that wait, first come first served; the first in line contends with other processes. What is granted in a row gives the event loop a turn
 * after a millisecond.
 */
export class Acquisitions implements Waiting {
  readonly thorough = false;
  readonly doorbell: number;
  readonly #participant: Participant;
  readonly #contended: Contended;
  readonly #idle: Idle;
  readonly #turn = new Turn();
  readonly #line: Request<unknown>[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The event loop is owed a turn: nobody is served before it had one. */
  #resting = false;
  #closed = false;

  constructor(participant: Participant, contended: Contended, strategy: IdleStrategy, pollMicroseconds: number) {
    this.#participant = participant;
    this.#contended = contended;
    this.doorbell = participant.slots.doorbell(participant.slot);
    this.#idle = this.#newIdle(this, strategy, pollMicroseconds);
  }

  /** Whether somebody of this handle waits. */
  get waiting(): boolean {
    return this.#line.length > 0;
  }

  /** As on sockets: whether a wait keeps the process alive. */
  reference(on: boolean): void {
    this.#idle.reference(on);
  }

  /** Acquires as soon as it is this one's turn. Rejects with `AbortError`, `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_CLOSED`. */
  acquire<T>(attempt: Attempt<T>, options: WaitOptions | undefined): Promise<T> {
    checkWait(options);
    const resting = this.#owesTurn();
    if (!this.waiting && !resting) {
      const taken = this.#take(attempt);
      if (taken !== undefined) return Promise.resolve(taken);
    }
    const request: Request<T> = {
      attempt,
      pending: new Pending<T>(options, attempt.what, () => {
        this.#giveUp(request as Request<unknown>);
      }),
      since: performance.now(),
    };
    this.#line.push(request as Request<unknown>);
    if (this.#line.length === 1) this.#serve();
    return request.pending.promise;
  }

  /**
   * Blocks the thread until it has it; those of this handle that wait on the event loop stand back meanwhile. Errors: `ERR_RINGWAY_TIMEOUT`, what `stuck` throws.
   *
   * @param stuck - called before the thread is blocked: throws if that could never end
   */
  acquireSync<T>(attempt: Attempt<T>, options: WaitOptions | undefined, stuck: () => void): T {
    checkWait(options);
    const first = this.#take(attempt);
    if (first !== undefined) return first;
    this.#pause();
    // What the first in line has reserved would stand in the way of this thread.
    this.#line[0]?.attempt.forgone?.();
    try {
      this.#assertCanEnd(attempt, stuck);
      return this.#block(attempt, options?.timeout);
    } finally {
      this.advance();
    }
  }

  /** Serves who can be served, and lets the next in line wait. What goes wrong reaches those who wait. */
  advance(): void {
    // Who releases serves the next, who releases at once: that chain gives the event loop its turns, too.
    if (this.waiting) this.#owesTurn();
    this.#serve();
  }

  #serve(): void {
    if (this.#closed || this.#resting || this.#idle.active) return;
    try {
      if (!this.look()) this.#idle.start();
    } catch (error) {
      this.failed(error);
    }
  }

  /** Rejects all that wait. */
  close(error: Error): void {
    this.#closed = true;
    this.#pause();
    const requests = this.#line.splice(0);
    for (const { pending } of requests) pending.reject(error);
    leaving(this.#participant.segment, () => {
      requests[0]?.attempt.forgone?.();
      for (const { attempt } of requests) attempt.dropped?.();
    });
  }

  // ---- what Idle asks

  look(): boolean {
    this.#stopClock();
    for (;;) {
      if (this.#line.length === 0) return true;
      const [request] = this.#line;
      if (this.#contended.isBlockedHere(request.attempt)) return true;
      let taken: unknown;
      try {
        taken = this.#take(request.attempt);
      } catch (error) {
        this.#line.shift();
        request.pending.reject(error);
        continue;
      }
      if (taken === undefined) {
        request.attempt.missed?.(request.since);
        this.#startClock();
        return false;
      }
      this.#line.shift();
      request.pending.resolve(taken);
    }
  }

  lookForDead(): void {
    this.#participant.lookForDead();
    this.#contended.buried?.();
  }

  announce(): void {
    this.#contended.announce();
  }

  withdraw(leaving: boolean): void {
    if (!this.#contended.withdraw() && leaving) this.#contended.passOn();
  }

  passOn(): void {
    this.#contended.passOn();
  }

  failed(error: unknown): void {
    this.#stopClock();
    for (const { pending } of this.#line.splice(0)) pending.reject(error);
  }

  // ---- inside

  #block<T>(attempt: Attempt<T>, timeout: number | undefined): T {
    const since = performance.now();
    let taken: T | undefined;
    const contended = this.#contended;
    const waiting: Waiting = {
      thorough: false,
      doorbell: this.doorbell,
      get sliceMs() {
        return contended.lookAgainMs?.() ?? Infinity;
      },
      look: () => {
        taken = this.#take(attempt);
        if (taken === undefined) attempt.missed?.(since);
        return taken !== undefined;
      },
      lookForDead: () => {
        this.lookForDead();
      },
      announce: () => {
        this.announce();
      },
      withdraw: (leaving) => {
        this.withdraw(leaving);
      },
      passOn: () => {
        this.passOn();
      },
      failed: (error) => {
        throw error;
      },
    };
    let granted = false;
    try {
      granted = this.#newIdle(waiting, 'park', 0).blockFor(timeout ?? Infinity);
    } finally {
      if (!granted && !this.#participant.segment.closed) {
        attempt.forgone?.();
        attempt.dropped?.();
      }
    }
    if (taken === undefined) throw timeoutError(attempt.what, timeout ?? 0);
    return taken;
  }

  /** Where memory was taken away there are zeroes, and zeroes may look free. */
  #take<T>(attempt: Attempt<T>): T | undefined {
    const taken = attempt.take();
    if (taken !== undefined) this.#participant.segment.assertIntact();
    return taken;
  }

  /** Counts one more, and whether enough was granted in a row. */
  #owesTurn(): boolean {
    if (this.#resting || !this.#turn.spent()) return this.#resting;
    this.#resting = true;
    void this.#turn.next().then(() => {
      this.#resting = false;
      this.#serve();
    });
    return true;
  }

  /** Throws what `stuck` throws, and gives up what has been reserved in vain by then. */
  #assertCanEnd(attempt: Attempt<unknown>, stuck: () => void): void {
    try {
      stuck();
    } catch (error) {
      attempt.forgone?.();
      throw error;
    }
  }

  #newIdle(waiting: Waiting, strategy: IdleStrategy, pollMicroseconds: number): Idle {
    const { segment, words, slots, roster } = this.#participant;
    return new Idle(segment, words, slots.count, roster, waiting, strategy, pollMicroseconds);
  }

  /** Aborted, or too late. */
  #giveUp(request: Request<unknown>): void {
    const at = this.#line.indexOf(request);
    if (at < 0) return;
    this.#line.splice(at, 1);
    if (this.#participant.segment.closed) return;
    if (at > 0) {
      request.attempt.dropped?.();
      return;
    }
    this.#pause();
    request.attempt.forgone?.();
    request.attempt.dropped?.();
    this.advance();
  }

  #pause(): void {
    this.#stopClock();
    this.#idle.stop();
  }

  /**
   * The bound of a wait on the event loop, as the slices are of one that blocks: who was rung for what this handle could have may have been stopped since. It keeps no event loop
   * alive; the wait does, where it is meant to.
   */
  #startClock(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pause();
      this.advance();
    }, this.#contended.lookAgainMs?.() ?? SLICE_MS).unref();
  }

  #stopClock(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** For a primitive that was closed. */
export function closedError(what: string): RingwayError {
  return new RingwayError('ERR_RINGWAY_CLOSED', `this ${what} was closed: open it again`);
}
