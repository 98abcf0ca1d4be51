import { RingwayError } from './errors.js';

interface Region {
  readonly offset: number;
  /** Bytes of the object that it stands for; a ring's buffer is longer. */
  readonly length: number;
  readonly ring: boolean;
  /** What the mapping gave out, or where its bytes are kept while nobody has it mapped. */
  buffer: ArrayBuffer;
}

interface InitialBytes {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const PAGE = 4096;

/**
 * The memory of a segment on the heap: a buffer for each range, made when it is first mapped. Ranges are the same or apart, never
 * overlapping: two buffers cannot share bytes.
 */
export class LocalMemory {
  readonly #size: number;
  readonly #regions: Region[] = [];
  readonly #initial: InitialBytes[] = [];

  /** @param size - bytes of the object, most of which are never made */
  constructor(size: number) {
    this.#size = size;
  }

  /** What a range shall contain when it is first mapped. Throws `RangeError`. */
  write(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.checkRange(offset, bytes.length);
    this.#initial.push({ offset, bytes: bytes.slice() });
  }

  /** The buffer of a range. Throws `RangeError` for one that overlaps another one. */
  map(offset: number, length: number, ring: boolean): ArrayBuffer {
    this.checkRange(offset, length);
    for (const region of this.#regions) {
      if (region.offset === offset && region.length === length && region.ring === ring) return region.buffer;
      if (offset < region.offset + region.length && region.offset < offset + length) {
        throw new RangeError(
          `on the heap ${length} bytes from ${offset} cannot be mapped beside ${region.length} bytes from ${region.offset}: ` +
            'they overlap',
        );
      }
    }
    const tail = ring ? Math.ceil(length / 4) + PAGE : 0;
    const region: Region = { offset, length, ring, buffer: new ArrayBuffer(length + tail) };
    this.#fill(region);
    this.#regions.push(region);
    return region.buffer;
  }

  /** Detaches a buffer that {@link LocalMemory.map} returned, and keeps what is in it. Throws `TypeError` for any other. */
  unmap(buffer: ArrayBuffer): void {
    const region = this.#regions.find((candidate) => candidate.buffer === buffer);
    if (region === undefined) throw new TypeError('the buffer is not a mapping of this handle, or was unmapped before');
    region.buffer = moved(buffer);
  }

  /** Zeros a range. */
  punch(offset: number, length: number): void {
    this.checkRange(offset, length);
    for (const region of this.#regions) {
      const from = Math.max(offset, region.offset) - region.offset;
      const to = Math.min(offset + length, region.offset + region.length) - region.offset;
      if (from < to) new Uint8Array(region.buffer, from, to - from).fill(0);
    }
    // What was to be there when it is first mapped is gone as well.
    for (const initial of this.#initial) {
      const from = Math.max(offset - initial.offset, 0);
      const to = Math.min(offset + length - initial.offset, initial.bytes.length);
      if (from < to) initial.bytes.fill(0, from, to);
    }
  }

  /** Detaches every buffer and forgets what was in it. */
  clear(): void {
    for (const region of this.#regions) moved(region.buffer);
    this.#regions.length = 0;
    this.#initial.length = 0;
  }

  /** Throws `RangeError` unless the range lies within the object. */
  checkRange(offset: number, length: number): void {
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length > 0;
    if (!whole || offset + length > this.#size) {
      throw new RangeError(`${length} bytes from ${offset} do not lie within the ${this.#size} bytes of the segment`);
    }
  }

  #fill(region: Region): void {
    const target = new Uint8Array(region.buffer, 0, region.length);
    for (const { offset, bytes } of this.#initial) {
      const from = Math.max(offset, region.offset);
      const to = Math.min(offset + bytes.length, region.offset + region.length);
      if (from < to) target.set(bytes.subarray(from - offset, to - offset), from - region.offset);
    }
  }
}

/** The bytes of a buffer in a new one, without a copy; the old one is detached. */
function moved(buffer: ArrayBuffer): ArrayBuffer {
  return structuredClone(buffer, { transfer: [buffer] });
}

/** The error of whoever would block its only thread for good. */
export function deadlock(what: string): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_DEADLOCK',
    `${what}: a segment on the heap belongs to one thread, and a thread cannot wait for itself. Wait asynchronously`,
  );
}
