/** Bytes of the file in one message; the last message of a file may have fewer. */
export const BLOCK_BYTES = 64 * 1024;

/** What precedes the file's bytes in a message: its number, from 0, as a 64-bit float. */
export const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** How many messages a file of `bytes` bytes makes. */
export function blockCount(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES);
}

/** Reads a message's number. `bytes` may be shared memory: a plain load runs no decoder. */
export function numberOf(bytes: Uint8Array, offset = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, NUMBER_BYTES).getFloat64(0, true);
}

/** Writes a message's number to its beginning. */
export function setNumber(bytes: Uint8Array, number: number): void {
  new DataView(bytes.buffer, bytes.byteOffset, NUMBER_BYTES).setFloat64(0, number, true);
}
