import type { Report } from '../peer-spec.js';
import { quantile } from '../statistics.js';

/**
 * Takes the time of round trips, all of them, in microseconds. The cost of the clock is inside; nothing is subtracted.
 */
export class RoundTrips {
  readonly #times: Float64Array;
  readonly #group: number;
  #samples = 0;
  #inGroup = 0;
  #began = 0;

  /**
   * @param count - how many there will be
   * @param group - how many follow each other between two looks at the clock; a sample is their mean. More than 1 where
   *   a look costs a good part of a trip
   */
  constructor(count: number, group: number) {
    this.#times = new Float64Array(Math.ceil(count / group));
    this.#group = group;
  }

  /** Before each. */
  begin(): void {
    if (this.#inGroup === 0) this.#began = performance.now();
  }

  /** After each. */
  end(): void {
    if (++this.#inGroup === this.#group) this.#sample();
  }

  /** After the last. What does not fill a group does not count, unless there is nothing else. */
  report(): Report {
    if (this.#samples === 0) this.#sample();
    const sorted = this.#times.subarray(0, this.#samples).sort();
    return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
  }

  #sample(): void {
    this.#times[this.#samples++] = ((performance.now() - this.#began) * 1000) / this.#inGroup;
    this.#inGroup = 0;
  }
}
