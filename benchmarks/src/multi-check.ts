const WORD_BYTES = 4;

/** Number of the message after which a receiver has received all of a phase. No sender counts so far, or spoils it. */
export const STOP = -2;

/**
 * Checks the messages of several senders, each of which numbers its own from 0: whole, and in order. A receiver that is
 * alone gets each number of each sender; one that shares the work gets larger and larger ones. Throws at the first wrong
 * one.
 */
export class MultiCheck {
  readonly #length: number;
  readonly #alone: boolean;
  readonly #last: Int32Array;
  /** One view for each lane: making one costs more than the check. */
  readonly #views = new Map<Uint8Array, DataView>();
  #bytes: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #received = 0;
  #sum = 0;
  #xor = 0;
  #stopped = false;

  /**
   * @param length - what every message must have, in bytes
   * @param senders - how many
   * @param alone - whether no other receiver gets any
   */
  constructor(length: number, senders: number, alone: boolean) {
    this.#length = length;
    this.#alone = alone;
    this.#last = new Int32Array(senders).fill(-1);
  }

  /** Messages accepted since {@link MultiCheck.restart}. */
  get received(): number {
    return this.#received;
  }

  /** Whether {@link STOP} has come. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** What was accepted, in short. */
  get totals(): { readonly received: number; readonly sum: number; readonly xor: number } {
    return { received: this.#received, sum: this.#sum, xor: this.#xor };
  }

  /** From here every sender begins with 0 again. */
  restart(): void {
    this.#last.fill(-1);
    this.#received = 0;
    this.#sum = 0;
    this.#xor = 0;
    this.#stopped = false;
  }

  /** Looks at one message, which is `bytes[offset .. offset + length)`. */
  accept(bytes: Uint8Array, offset: number, length: number): void {
    if (bytes !== this.#bytes) this.#look(bytes);
    if (length !== this.#length) this.#refuse(bytes, offset, length);
    const view = this.#view;
    const number = view.getInt32(offset, true);
    const sender = view.getInt32(offset + WORD_BYTES, true);
    if (view.getInt32(offset + length - WORD_BYTES, true) !== ~number) this.#refuse(bytes, offset, length);
    if (number === STOP && !this.#alone) {
      this.#stopped = true;
      return;
    }
    if (sender < 0 || sender >= this.#last.length) this.#refuse(bytes, offset, length);
    const last = this.#last[sender];
    if (this.#alone ? number !== last + 1 : number <= last) {
      this.#refuse(bytes, offset, length);
    }
    this.#last[sender] = number;
    this.#received++;
    // Of hundreds of millions it would not be exact.
    this.#sum = (this.#sum + number) | 0;
    this.#xor ^= number;
  }

  #look(bytes: Uint8Array): void {
    let view = this.#views.get(bytes);
    if (view === undefined) {
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#views.set(bytes, view);
    }
    this.#bytes = bytes;
    this.#view = view;
  }

  #refuse(bytes: Uint8Array, offset: number, length: number): never {
    const begins = Buffer.from(bytes.subarray(offset, offset + 2 * WORD_BYTES)).toString('hex');
    const ends = Buffer.from(bytes.subarray(offset + length - WORD_BYTES, offset + length)).toString('hex');
    throw new Error(
      `wrong message: expected one of ${this.#length} bytes and ${this.#last.length} senders that follows on numbers ` +
        `${this.#last.join(', ')}, got ${length} bytes that begin with ${begins} and end with ${ends}`,
    );
  }
}
