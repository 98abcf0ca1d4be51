import { BLOCK_BYTES } from './block.js';

/** What precedes a block on the socket: u32 length of the block, 4 bytes of nothing, its number as a 64-bit float. */
export const SOCKET_HEADER_BYTES = 16;
const NUMBER = 8;

/** Header of a block. */
export function socketHeader(number: number): Buffer {
  const header = Buffer.alloc(SOCKET_HEADER_BYTES);
  header.writeUInt32LE(BLOCK_BYTES);
  header.writeDoubleLE(number, NUMBER);
  return header;
}

/** Puts the messages together from a stream that arrives in pieces of any length. */
export class SocketFrames {
  readonly #header = Buffer.alloc(SOCKET_HEADER_BYTES);
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  readonly #message: (number: number, block: Uint8Array) => void;
  #headerFilled = 0;
  #blockFilled = 0;

  /** @param message - called when a message has come as a whole; its memory is used again for the next one */
  constructor(message: (number: number, block: Uint8Array) => void) {
    this.#message = message;
  }

  /** The next piece. Throws if a message is announced that is not of the length that all have. */
  push(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      if (this.#headerFilled < SOCKET_HEADER_BYTES) {
        const copied = piece.copy(this.#header, this.#headerFilled, at);
        at += copied;
        this.#headerFilled += copied;
        if (this.#headerFilled < SOCKET_HEADER_BYTES) return;
        const length = this.#header.readUInt32LE();
        if (length !== BLOCK_BYTES) throw new Error(`a message of ${length} bytes came, ${BLOCK_BYTES} were sent`);
      }
      const copied = piece.copy(this.#block, this.#blockFilled, at);
      at += copied;
      this.#blockFilled += copied;
      if (this.#blockFilled < BLOCK_BYTES) return;
      this.#headerFilled = this.#blockFilled = 0;
      this.#message(this.#header.readDoubleLE(NUMBER), this.#block);
    }
  }
}
