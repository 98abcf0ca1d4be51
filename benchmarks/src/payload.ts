const FILL = 0x5a;

/** Length of the payloads that can be stamped, in bytes: a multiple of this, from twice this. */
const WORD_BYTES = 4;

/**
 * A message that is sent again and again: its first word is a sequence number, its last one the complement of that.
 * Every system's sender stamps so, every receiver checks it ({@link PayloadCheck}).
 */
export class Payload {
  /** The message. Stamping changes it in place. */
  readonly bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #last: number;
  readonly #spoil: number;

  /**
   * @param length - in bytes
   * @param spoil - sequence number of the message that gets a wrong last word, to show that receivers look; -1 for none
   * @param sender - number of its sender, which becomes its second word, where there are several
   */
  constructor(length: number, spoil: number, sender?: number) {
    if (length < 2 * WORD_BYTES || length % WORD_BYTES !== 0) {
      throw new RangeError(`a payload has at least ${2 * WORD_BYTES} bytes, and whole words; not ${length}`);
    }
    this.bytes = new Uint8Array(length).fill(FILL);
    this.#words = new Int32Array(this.bytes.buffer);
    this.#last = this.#words.length - 1;
    if (sender !== undefined) {
      if (this.#last < 2) throw new RangeError(`a payload with a sender has at least 12 bytes, not ${length}`);
      this.#words[1] = sender;
    }
    this.#spoil = spoil;
  }

  /** Makes it the message with this number. */
  stamp(sequence: number): void {
    this.#words[0] = sequence;
    this.#words[this.#last] = sequence === this.#spoil ? sequence : ~sequence;
  }
}
