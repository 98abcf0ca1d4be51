/** Bytes before each message on a socket: its length, little-endian. */
export const PREFIX_BYTES = 4;

/**
 * A message as it goes over a socket, in memory of its own: a stream keeps what it was given until the kernel has it.
 */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame.writeUInt32LE(message.length, 0);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/**
 * Cuts a stream of bytes into messages again. Those that came whole are handed over in place, the others are put
 * together first.
 */
export class Unframer {
  readonly #message: (bytes: Uint8Array, offset: number, length: number) => void;
  readonly #frame: Buffer;
  /** Bytes of a frame that has begun, at the start of `#frame`. */
  #gathered = 0;

  /**
   * @param longest - no message is longer, in bytes
   * @param message - gets each message; valid during the call only
   */
  constructor(longest: number, message: (bytes: Uint8Array, offset: number, length: number) => void) {
    this.#frame = Buffer.allocUnsafe(PREFIX_BYTES + longest);
    this.#message = message;
  }

  /** The next bytes of the stream. */
  push(chunk: Buffer): void {
    let at = 0;
    if (this.#gathered > 0) {
      at = this.#gather(chunk, 0, PREFIX_BYTES);
      if (this.#gathered < PREFIX_BYTES) return;
      const length = this.#lengthAt(this.#frame, 0);
      at = this.#gather(chunk, at, PREFIX_BYTES + length);
      if (this.#gathered < PREFIX_BYTES + length) return;
      this.#gathered = 0;
      this.#message(this.#frame, PREFIX_BYTES, length);
    }
    while (chunk.length - at >= PREFIX_BYTES) {
      const length = this.#lengthAt(chunk, at);
      if (chunk.length - at - PREFIX_BYTES < length) break;
      this.#message(chunk, at + PREFIX_BYTES, length);
      at += PREFIX_BYTES + length;
    }
    if (at < chunk.length) this.#gather(chunk, at, this.#frame.length);
  }

  /** Copies bytes of the chunk until `wanted` are gathered, or it is used up; returns where it is then. */
  #gather(chunk: Buffer, at: number, wanted: number): number {
    const end = Math.min(chunk.length, at + Math.max(0, wanted - this.#gathered));
    this.#gathered += chunk.copy(this.#frame, this.#gathered, at, end);
    return end;
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32LE(at);
    if (length <= this.#frame.length - PREFIX_BYTES) return length;
    throw new Error(`wrong message: its length is ${length}, at most ${this.#frame.length - PREFIX_BYTES} was agreed`);
  }
}
