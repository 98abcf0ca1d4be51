import type { IdleStrategy } from './idle.js';

/** How a handle of a lock, a semaphore, a condition or a barrier waits on the event loop. */
export interface PrimitiveOptions {
  /** Default `park`: a wait on a lock is long or short, and polling for it costs the holder its processor. */
  readonly idle?: IdleStrategy | undefined;
  /** How long `adaptive` polls before it parks, in microseconds. Default 50. */
  readonly pollMicroseconds?: number | undefined;
}

const STRATEGIES: readonly IdleStrategy[] = ['adaptive', 'park', 'spin'];
const MOST_POLL_MICROSECONDS = 10_000_000;
const DEFAULT_POLL_MICROSECONDS = 50;

/** Options that were checked. */
export interface IdleChoice {
  readonly idle: IdleStrategy;
  readonly pollMicroseconds: number;
}

/** Checks them, and fills in what was not given: before anything is opened that would have to be closed again. */
export function checkIdle(options: PrimitiveOptions, usual: IdleStrategy = 'park'): IdleChoice {
  const { idle = usual, pollMicroseconds = DEFAULT_POLL_MICROSECONDS } = options;
  if (!STRATEGIES.includes(idle)) {
    throw new RangeError(`idle must be 'adaptive', 'park' or 'spin', not ${idle}`);
  }
  const whole = Number.isSafeInteger(pollMicroseconds);
  if (!whole || pollMicroseconds < 0 || pollMicroseconds > MOST_POLL_MICROSECONDS) {
    throw new RangeError(
      `pollMicroseconds must be a whole number from 0 to ${MOST_POLL_MICROSECONDS}, not ${String(pollMicroseconds)}`,
    );
  }
  return { idle, pollMicroseconds };
}
