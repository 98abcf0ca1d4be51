import { BLOCK_BYTES } from './block.js';

/** A receiver's check of each message in the speed phase: its length, and that none is missing, doubled or out of order. */
export class SequenceCheck {
  #received = 0;

  /** Messages received so far. */
  get received(): number {
    return this.#received;
  }

  /** Throws unless this is the message that must come next. `length` is that of the block. */
  check(number: number, length: number): void {
    if (number !== this.#received) throw new Error(`message ${number} came where ${this.#received} was expected`);
    if (length !== BLOCK_BYTES) throw new Error(`message ${number} has ${length} bytes, ${BLOCK_BYTES} were sent`);
    this.#received++;
  }
}
