import { RingwayError, type SegmentHandle } from '@ringway/memory';

/** How long something may be waited for. */
export interface WaitOptions {
  /** Rejects with Node's `AbortError`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; rejects with `ERR_RINGWAY_TIMEOUT`. Default: no limit. */
  readonly timeout?: number | undefined;
}

/** Longest delay of a Node timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Rejects as Node's own aborted operations do: name `AbortError`, code `ABORT_ERR`, the signal's reason as cause. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

/** For a wait that has lasted too long. */
export function timeoutError(what: string, timeoutMs: number): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_TIMEOUT',
    `${what} within ${timeoutMs} ms: wait longer, or look for what holds it up`,
  );
}

/** Checks wait options: `TypeError`, `RangeError`; throws for a signal that has fired. */
export function checkWait(options: WaitOptions | undefined): void {
  if (options === undefined) return;
  const { signal, timeout } = options;
  if (timeout !== undefined) checkTimeout(timeout);
  if (signal === undefined) return;
  if (!isAbortSignal(signal)) throw new TypeError(`signal must be an AbortSignal or undefined, not ${nameOf(signal)}`);
  if (signal.aborted) throw abortError(signal);
}

function checkTimeout(timeout: unknown): void {
  if (typeof timeout !== 'number') {
    throw new TypeError(`timeout must be a number of milliseconds, not ${nameOf(timeout)}`);
  }
  if (!(timeout >= 0)) throw new RangeError(`timeout must be a number of milliseconds from 0, not ${timeout}`);
}

/** By what is used of it: signals of other realms and libraries will do. */
function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<Record<keyof AbortSignal, unknown>>;
  return (
    typeof aborted === 'boolean' && typeof addEventListener === 'function' && typeof removeEventListener === 'function'
  );
}

/** What somebody gave instead, for a message. */
function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? 'an object of another kind'
    : `${String(value)} (${typeof value})`;
}

/**
 * Runs a step of leaving. Leaving never fails: a segment that was closed under us (its descriptor was taken away) allows no step any more, and where the system refuses
 * one, what it would have done is done by whoever adopts what is left, as after a kill.
 */
export function leaving(segment: SegmentHandle, step: () => void): void {
  if (segment.closed) return;
  try {
    step();
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** Whether the system, and not the program, is at fault: Ringway's own codes, and those of `node:fs`. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}

/** One wait that a user has asked for: settles once, by success, failure, abort or timeout. */
export class Pending<T> {
  readonly promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (reason: unknown) => void;
  #settled = false;
  #failure: { readonly error: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #signal: AbortSignal | undefined;
  #abort: (() => void) | undefined;

  /**
   * @param what - what did not happen, for the message of a timeout: "no message came"
   * @param gone - called when the wait has ended by abort or timeout
   */
  constructor(options: WaitOptions | undefined, what: string, gone: () => void) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (options === undefined) return;
    const { signal, timeout } = options;
    // Before the timer: should the signal's own code throw, no timer is left behind that nobody can clear.
    if (signal !== undefined) {
      this.#signal = signal;
      this.#abort = () => {
        this.reject(abortError(signal));
        gone();
      };
      signal.addEventListener('abort', this.#abort, { once: true });
    }
    if (timeout !== undefined && timeout <= LONGEST_TIMER_MS) {
      this.#timer = setTimeout(() => {
        this.reject(timeoutError(what, timeout));
        gone();
      }, timeout);
    }
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** What it was rejected with. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  resolve(value: T): void {
    if (this.#finish()) this.#resolve(value);
  }

  reject(reason: unknown): void {
    if (!this.#finish()) return;
    this.#failure = { error: reason };
    this.#reject(reason);
  }

  #finish(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    if (this.#abort !== undefined) this.#signal?.removeEventListener('abort', this.#abort);
    return true;
  }
}
