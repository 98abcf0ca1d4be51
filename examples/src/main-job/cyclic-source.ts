import { open } from 'node:fs/promises';
import { BLOCK_BYTES } from './block.js';

/**
 * A file's bytes in memory, read once, as an endless stream of blocks of 64 KiB: after the last byte comes the first
 * again.
 */
export class CyclicSource {
  readonly #bytes: Uint8Array;
  readonly #period: number;

  private constructor(bytes: Uint8Array, period: number) {
    this.#bytes = bytes;
    this.#period = period;
  }

  /** Reads the first `most` bytes of a file that is not empty. */
  static async read(path: string, most: number): Promise<CyclicSource> {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const wanted = Math.min(size, most);
      // One block more, so that every block is in one piece.
      const bytes = new Uint8Array(wanted + BLOCK_BYTES);
      let period = 0;
      while (period < wanted) {
        const { bytesRead } = await file.read(bytes, period, wanted - period, period);
        if (bytesRead === 0) break;
        period += bytesRead;
      }
      if (period === 0) throw new Error(`${path} became empty while it was read`);
      for (let at = period; at < period + BLOCK_BYTES; at++) bytes[at] = bytes[at - period];
      return new CyclicSource(bytes, period);
    } finally {
      await file.close();
    }
  }

  /** Block number `number` of the stream, without a copy. */
  block(number: number): Uint8Array {
    const start = (number * BLOCK_BYTES) % this.#period;
    return this.#bytes.subarray(start, start + BLOCK_BYTES);
  }
}
