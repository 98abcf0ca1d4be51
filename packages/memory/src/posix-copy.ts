import { checkCount } from './counts.js';
import { Address, Mapping, internalsOf } from './mapping.js';

/** What {@link copy} copies from and to. */
export type Memory = Mapping | Address | ArrayBuffer | ArrayBufferView;

/**
 * Copies bytes: what memcpy(3) does, and memmove(3) where both ranges overlap. The ranges are given by memory and
 * offset, since JavaScript has no pointers.
 *
 * Errors: `RangeError` when a range does not lie inside of its memory, `TypeError` for what is no memory, or was
 * detached; those of {@link Mapping.bytes}. Memory that was missing below a mapping is copied as zeros, and then
 * `ERR_RINGWAY_SEGMENT_TRUNCATED` is thrown.
 *
 * @param dest - where to
 * @param destOffset - its first byte
 * @param source - where from
 * @param sourceOffset - its first byte
 * @param length - bytes
 * @returns `dest`
 */
export function copy<T extends Memory>(
  dest: T,
  destOffset: number,
  source: Memory,
  sourceOffset: number,
  length: number,
): T {
  const to = rangeOf('dest', dest, destOffset, length);
  const from = rangeOf('source', source, sourceOffset, length);
  to.set(from);
  assertIntact(dest);
  assertIntact(source);
  return dest;
}

function rangeOf(name: string, memory: Memory, offset: number, length: number): Uint8Array {
  checkCount(`${name}Offset`, offset);
  checkCount('length', length);
  const bytes = bytesOf(name, memory);
  if (offset + length > bytes.length) {
    throw new RangeError(`${length} bytes from ${offset} do not lie within the ${bytes.length} bytes of "${name}"`);
  }
  return bytes.subarray(offset, offset + length);
}

function bytesOf(name: string, memory: Memory): Uint8Array {
  if (memory instanceof Mapping) return memory.bytes;
  if (memory instanceof Address) return memory.mapping.bytes.subarray(memory.offset);
  if (memory instanceof ArrayBuffer) return new Uint8Array(memory);
  if (!ArrayBuffer.isView(memory)) {
    throw new TypeError(`"${name}" must be a Mapping, an address in one, an ArrayBuffer or a view`);
  }
  return new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength);
}

function assertIntact(memory: Memory): void {
  if (memory instanceof Mapping) internalsOf(memory).assertIntact();
  if (memory instanceof Address) internalsOf(memory.mapping).assertIntact();
}
