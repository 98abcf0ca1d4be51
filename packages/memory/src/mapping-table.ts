import type { Native } from '@ringway/native';

import type { Descriptor } from './descriptor.js';
import { RingwayError } from './errors.js';
import { PosixError, codeOf } from './posix-error.js';

/** The mappings of one handle: each range is mapped once, checked against the object first, and detached at the end. */
export class MappingTable {
  readonly #native: Native;
  readonly #descriptor: Descriptor;
  readonly #size: number;
  readonly #path: string;
  readonly #buffers = new Map<string, ArrayBuffer>();

  /**
   * @param native - the addon
   * @param descriptor - the object's
   * @param size - bytes of the object, as checked when it was opened
   * @param path - for messages
   */
  constructor(native: Native, descriptor: Descriptor, size: number, path: string) {
    this.#native = native;
    this.#descriptor = descriptor;
    this.#size = size;
    this.#path = path;
  }

  /** See `SegmentHandle.map` and `SegmentHandle.mapRing` (`twice`). */
  map(offset: number, length: number, twice: boolean): ArrayBuffer {
    this.checkRange(offset, length);
    const key = `${offset}:${length}:${twice ? 'ring' : 'flat'}`;
    const known = this.#buffers.get(key);
    if (known !== undefined) return known;
    // Throws for an object that was cut.
    this.#descriptor.stat();
    const buffer = this.#mapNatively(offset, length, twice);
    this.#buffers.set(key, buffer);
    return buffer;
  }

  /** See `SegmentHandle.unmap`. */
  unmap(buffer: ArrayBuffer): void {
    for (const [key, known] of this.#buffers) {
      if (known !== buffer) continue;
      this.#buffers.delete(key);
      this.#native.unmap(buffer);
      return;
    }
    throw new TypeError('the buffer is not a mapping of this handle, or was unmapped before');
  }

  /** What is mapped now. */
  buffers(): Iterable<ArrayBuffer> {
    return this.#buffers.values();
  }

  /** Detaches every buffer. */
  unmapAll(): void {
    for (const buffer of this.#buffers.values()) this.#native.unmap(buffer);
    this.#buffers.clear();
  }

  /** Throws `RangeError` unless the range lies within the object. */
  checkRange(offset: number, length: number): void {
    if (
      !Number.isSafeInteger(offset) ||
      !Number.isSafeInteger(length) ||
      offset < 0 ||
      length <= 0 ||
      offset + length > this.#size
    ) {
      throw new RangeError(`${length} bytes from ${offset} do not lie within the ${this.#size} bytes of ${this.#path}`);
    }
  }

  #mapNatively(offset: number, length: number, twice: boolean): ArrayBuffer {
    const { fd } = this.#descriptor;
    let result: ArrayBuffer | number;
    try {
      result = twice ? this.#native.mapTwice(fd, offset, length) : this.#native.map(fd, offset, length);
    } catch (error) {
      if (codeOf(error) !== 'ERR_NO_EXTERNAL_BUFFERS') throw error;
      throw new RingwayError(
        'ERR_RINGWAY_UNSUPPORTED_PLATFORM',
        'this runtime refuses ArrayBuffers over memory that is not its own (Electron does): run Ringway in a Node.js process',
        { cause: error },
      );
    }
    if (typeof result === 'number') throw new PosixError(result, 'mmap', this.#path);
    return result;
  }
}
