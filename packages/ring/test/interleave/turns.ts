import type { ModelSegment } from './model-segment.js';

/** Microtasks after which what a callback has settled has come to whoever awaits it. */
const HOPS = 8;

/** Turns of the event loop until the promise is settled. */
export async function turnUntil<T>(segment: ModelSegment, promise: Promise<T>): Promise<T> {
  const state = { settled: false };
  const over = (): void => {
    state.settled = true;
  };
  promise.then(over, over);
  for (;;) {
    for (let hop = 0; hop < HOPS; hop++) await Promise.resolve();
    if (state.settled) return promise;
    if (!segment.turn()) throw new Error('nothing that could settle it is waited for');
  }
}
