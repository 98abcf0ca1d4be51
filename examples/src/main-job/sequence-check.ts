import { BLOCK_BYTES } from './block.js';

/**
 * A receiver's check of each message in the speed phase: its length, and that none is missing, doubled or out of order.
 */
export class SequenceCheck {
  readonly #milestones: readonly number[];
  #received = 0;

  /** @param milestones - numbers of messages after which the sender waits for an acknowledgement */
  constructor(milestones: readonly number[]) {
    this.#milestones = milestones;
  }

  /** Messages received so far. */
  get received(): number {
    return this.#received;
  }

  /** Whether all have come. */
  get complete(): boolean {
    return this.#received === this.#milestones.at(-1);
  }

  /**
   * Throws unless this is the message that must come next. `length` is that of the block. Returns whether a milestone
   * is reached.
   */
  check(number: number, length: number): boolean {
    if (number !== this.#received) throw new Error(`message ${number} came where ${this.#received} was expected`);
    if (length !== BLOCK_BYTES) throw new Error(`message ${number} has ${length} bytes, ${BLOCK_BYTES} were sent`);
    this.#received++;
    return this.#milestones.includes(this.#received);
  }
}
