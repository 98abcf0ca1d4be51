/** Numbers that look random, the same for the same seed (xorshift32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  }

  /** 32 bits. */
  word(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state;
  }

  /** A whole number from 0 to before `end`. */
  below(end: number): number {
    return (this.word() >>> 0) % end;
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}
