import type { Report } from '../peer-spec.js';
import { quantile } from '../statistics.js';

/** Takes the time of single round trips, all of them, in microseconds. The cost of the clock is inside; nothing is subtracted. */
export class RoundTrips {
  readonly #times: Float64Array;
  #count = 0;
  #began = 0;

  /** @param count - how many there will be */
  constructor(count: number) {
    this.#times = new Float64Array(count);
  }

  begin(): void {
    this.#began = performance.now();
  }

  end(): void {
    this.#times[this.#count++] = (performance.now() - this.#began) * 1000;
  }

  report(): Report {
    const sorted = this.#times.subarray(0, this.#count).sort();
    return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
  }
}
