/**
 * Messages whose every byte follows from (producer, sequence, length), so that a receiver can tell a whole one from a torn or invented one:
 * u32 producer, u32 sequence, u32 length, then words of a generator seeded with both.
 */
const HEAD_BYTES = 12;
/** Shortest message. */
export const MIN_BYTES = HEAD_BYTES;

export function makeMessage(producer: number, sequence: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  bytes.writeUInt32LE(producer, 0);
  bytes.writeUInt32LE(sequence, 4);
  bytes.writeUInt32LE(length, 8);
  let state = seed(producer, sequence);
  for (let at = HEAD_BYTES; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Who sent it and which it is; undefined if it is not a message that {@link makeMessage} makes. */
export function readMessage(bytes: Uint8Array): { producer: number; sequence: number } | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const producer = view.getUint32(0, true);
  const sequence = view.getUint32(4, true);
  if (view.getUint32(8, true) !== bytes.length) return undefined;
  let state = seed(producer, sequence);
  for (let at = HEAD_BYTES; at < bytes.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    if (bytes[at] !== state >>> 24) return undefined;
  }
  return { producer, sequence };
}

function seed(producer: number, sequence: number): number {
  return Math.imul(producer, 0x9e3779b1) ^ Math.imul(sequence, 0x85ebca6b);
}
