const WORD_BYTES = 4;

/**
 * Checks that messages come whole, in order, once each: length, sequence number and last word of every one. Throws at
 * the first wrong one.
 */
export class PayloadCheck {
  readonly #length: number;
  #bytes: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #received = 0;

  /** @param length - what every message must have, in bytes */
  constructor(length: number) {
    this.#length = length;
  }

  /** Messages accepted since {@link PayloadCheck.restart}. */
  get received(): number {
    return this.#received;
  }

  /** From here the sequence begins with 0 again. */
  restart(): void {
    this.#received = 0;
  }

  /** Looks at one message, which is `bytes[offset .. offset + length)`. */
  accept(bytes: Uint8Array, offset: number, length: number): void {
    // One view for all messages of a lane or a chunk; making one costs more than the check.
    if (bytes !== this.#bytes) this.#look(bytes);
    const expected = this.#received | 0;
    if (
      length !== this.#length ||
      this.#view.getInt32(offset, true) !== expected ||
      this.#view.getInt32(offset + length - WORD_BYTES, true) !== ~expected
    ) {
      this.#refuse(bytes, offset, length);
    }
    this.#received++;
  }

  #look(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #refuse(bytes: Uint8Array, offset: number, length: number): never {
    const begins = Buffer.from(bytes.subarray(offset, offset + 2 * WORD_BYTES)).toString('hex');
    const ends = Buffer.from(bytes.subarray(offset + length - WORD_BYTES, offset + length)).toString('hex');
    throw new Error(
      `wrong message: expected number ${this.#received} of ${this.#length} bytes, ` +
        `got ${length} bytes that begin with ${begins} and end with ${ends}`,
    );
  }
}
