import { createHash } from 'node:crypto';

/** Numbers that look random and are the same for the same seed. Slow: to choose where kills fall. */
export class SeededRandom {
  readonly #seed: number;
  #drawn = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The next number, from `least` up to `most`. */
  between(least: number, most: number): number {
    const digest = createHash('sha256').update(`${this.#seed}/${this.#drawn++}`).digest();
    return least + (digest.readUInt32LE() / 2 ** 32) * (most - least);
  }
}
