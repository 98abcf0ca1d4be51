/** Samples that are kept at most; beyond, every other one is forgotten. */
const MOST_SAMPLES = 64;

/**
 * How long the oldest message of a lane has been waiting, without a look at the clock for each message: now and then its producer notes how far he had published by
 * then, and forgets what was acknowledged since. Exact to the time between two notes.
 */
export class BacklogAge {
  #samples: { readonly position: number; readonly time: number }[] = [];

  /**
   * @param position - published up to here
   * @param floor - nothing below is needed any more
   * @param now - CLOCK_MONOTONIC milliseconds
   * @returns when the oldest message that is not acknowledged had been published at the latest; 0 if there is none
   */
  note(position: number, floor: number, now: number): number {
    const samples = this.#samples;
    while (samples.length > 0 && ((floor - samples[0].position) | 0) >= 0) samples.shift();
    if (position === floor) return 0;
    if (samples.at(-1)?.position !== position) samples.push({ position, time: now });
    if (samples.length > MOST_SAMPLES) this.#samples = samples.filter((_, index) => index % 2 === 0);
    return this.#samples[0].time;
  }
}
