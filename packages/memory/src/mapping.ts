import { constants } from 'node:buffer';
import type { Native } from '@ringway/native';

import { checkCount } from './counts.js';
import { RingwayError } from './errors.js';
import { FaultCount } from './fault-count.js';
import { native as loadNative } from './platform.js';
import { PosixError, codeOf, errnoName } from './posix-error.js';
import { MS_SYNC } from './posix-constants.js';

/** A class of views of memory, such as `Int32Array` or `DataView`. */
export type ViewConstructor<T> = new (buffer: ArrayBuffer, byteOffset: number, length: number) => T;

/** What has an element size, which is all views but `DataView`. */
interface Sized {
  readonly BYTES_PER_ELEMENT?: number;
}

/** A view of a part of some bytes. Throws `RangeError` for one that would not lie within them. */
export function viewOf<T>(
  bytes: Uint8Array<ArrayBuffer>,
  type: ViewConstructor<T>,
  offset: number,
  length: number | undefined,
): T {
  const { BYTES_PER_ELEMENT: size = 1 } = type as Sized;
  checkCount('offset', offset);
  if (length !== undefined) checkCount('length', length);
  const count = length ?? Math.floor((bytes.length - offset) / size);
  if (count < 0 || offset + count * size > bytes.length) {
    throw new RangeError(
      `${count} elements of ${size} bytes from ${offset} do not lie within the ${bytes.length} bytes that there are`,
    );
  }
  return new type(bytes.buffer, bytes.byteOffset + offset, count);
}

/** Stands for an address inside of a mapping: what C writes as `addr + offset`. Made by {@link Mapping.at}. */
export class Address {
  /** The mapping that it lies in. */
  readonly mapping: Mapping;
  /** Bytes from the mapping's begin. */
  readonly offset: number;

  /**
   * @param mapping - the mapping
   * @param offset - bytes from its begin, not negative; whether it lies inside is asked by who uses it
   */
  constructor(mapping: Mapping, offset: number) {
    checkCount('offset', offset);
    this.mapping = mapping;
    this.offset = offset;
  }

  /** The address `offset` bytes further. */
  at(offset: number): Address {
    return new Address(this.mapping, this.offset + offset);
  }
}

/** What `mmap` gives to the mapping that it makes. */
interface MappingSpec {
  readonly id: number;
  readonly length: number;
  readonly path: string | undefined;
}

/** What the calls of POSIX need of a mapping beyond what everybody sees. */
export interface MappingInternals {
  /** Number of the mapping in the addon. */
  readonly id: number;
  readonly path: string | undefined;
  isGone(): boolean;
  /** Throws `ERR_RINGWAY_CLOSED` or `ERR_RINGWAY_SEGMENT_TRUNCATED`. */
  assertIntact(): void;
  /** Only the first `length` bytes are left. */
  markCut(length: number): void;
  markClosed(): void;
}

/** Makes the object for a mapping that the addon has made. */
export let adoptMapping: (native: Native, spec: MappingSpec) => Mapping;

/** Lets the calls of POSIX look inside. */
export let internalsOf: (mapping: Mapping) => MappingInternals;

/** Name of the errno by which the addon says that a mapping is gone: its ArrayBuffer was transferred. */
export const GONE = 'ENOENT';

/**
 * Memory that was mapped by `posix.mmap`, `mapFile` or `anonymous`, and that stands for its address in the calls of
 * `posix`. Whatever is done with it, no access to its memory ends the process: after the end its views are empty,
 * memory that was mapped without `PROT_WRITE` takes writes and keeps them private, and memory that is missing (a file
 * that was cut) shows zeros and makes the next call throw `ERR_RINGWAY_SEGMENT_TRUNCATED`.
 *
 * It ends by {@link Mapping.close}, and at the latest with its worker or process. One that nobody refers to any more is
 * unmapped when the garbage collector finds it, which may take long: it does not see how large it is.
 */
export class Mapping {
  readonly #native: Native;
  readonly #id: number;
  readonly #path: string | undefined;
  readonly #faults: FaultCount;
  #seenFaults: number;
  #length: number;
  #bytes = new Uint8Array();
  #state: 'open' | 'closed' | 'truncated' = 'open';

  private constructor(native: Native, { id, length, path }: MappingSpec) {
    this.#native = native;
    this.#id = id;
    this.#length = length;
    this.#path = path;
    this.#faults = new FaultCount(native);
    this.#seenFaults = this.#faults.now;
    abandoned.register(this, id, this);
  }

  static {
    adoptMapping = (native, spec) => new Mapping(native, spec);
    internalsOf = (mapping) => ({
      id: mapping.#id,
      path: mapping.#path,
      isGone: () => mapping.#state === 'closed',
      assertIntact: () => mapping.#assertIntact(),
      markCut: (length) => {
        mapping.#length = length;
      },
      markClosed: () => mapping.#markClosed(),
    });
  }

  /** Its length in bytes, as asked for. After the end still what it was. */
  get length(): number {
    return this.#length;
  }

  /** Whether it has ended. */
  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** All of it, as an ArrayBuffer. As for {@link Mapping.bytes}. */
  get buffer(): ArrayBuffer {
    return this.bytes.buffer;
  }

  /**
   * All of it, the same array at each call until the mapping is moved, cut or hidden. Some 10 ns.
   *
   * Do not give it to the asynchronous functions of Node.js (`fs.write`, `crypto.randomFill`): when the mapping ends
   * meanwhile, they work on zeros. Errors: {@link PosixError} `EACCES` unless all of it is readable (`PROT_READ`),
   * `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_SEGMENT_TRUNCATED`, `ERR_RINGWAY_UNSUPPORTED_PLATFORM`; `RangeError` for more
   * than this Node.js can show at once.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.#assertIntact();
    // Detached arrays are empty, mappings are not.
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.#obtainBuffer());
    return this.#bytes;
  }

  /**
   * A view of a part of it, for example `mapping.view(Int32Array, 4096, 16)`.
   *
   * @param type - the class of the view
   * @param offset - its first byte, a multiple of the element size; default 0
   * @param length - how many elements it has; default: as many as fit
   */
  view<T>(type: ViewConstructor<T>, offset = 0, length?: number): T {
    return viewOf(this.bytes, type, offset, length);
  }

  /** The address of one of its bytes, for the calls of `posix`. */
  at(offset: number): Address {
    return new Address(this, offset);
  }

  /**
   * Writes what was changed to the file, as `msync` with `MS_SYNC`, off the event loop. Resolves when it is there,
   * whatever happens to the mapping meanwhile.
   *
   * @param offset - first byte, a multiple of the page size; default 0
   * @param length - bytes; default: to the end
   */
  async flush(offset = 0, length: number = this.#length - offset): Promise<void> {
    this.#assertIntact();
    const result = await this.#native.posixSyncLater(this.#id, offset, length, MS_SYNC);
    if (result < 0) throw this.#refused(result, 'msync');
  }

  /** As {@link Mapping.flush}, while this thread waits. */
  flushSync(offset = 0, length: number = this.#length - offset): void {
    this.#assertIntact();
    const result = this.#native.posixSync(this.#id, offset, length, MS_SYNC);
    if (result < 0) throw this.#refused(result, 'msync');
  }

  /** Ends it: its views are empty from here on. Idempotent. What was written into a private mapping is lost. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#markClosed();
    const result = this.#native.posixUnmap(this.#id, 0, this.#length);
    if (result < 0 && errnoName(result) !== GONE) throw new PosixError(result, 'munmap', this.#path);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #markClosed(): void {
    this.#state = 'closed';
    abandoned.unregister(this);
  }

  #obtainBuffer(): ArrayBuffer {
    if (this.#length > LARGEST_VIEW) {
      throw new RangeError(
        `this Node.js shows at most ${LARGEST_VIEW} bytes at once, the mapping has ${this.#length}: map it in parts`,
      );
    }
    const result = this.#askForBuffer();
    if (typeof result !== 'number') return result;
    throw this.#refused(result, 'mmap', 'all of the mapping must be readable (PROT_READ) to be looked at');
  }

  #askForBuffer(): ArrayBuffer | number {
    try {
      return this.#native.posixBuffer(this.#id);
    } catch (error) {
      // The addon has given the memory up.
      this.#markClosed();
      if (codeOf(error) !== 'ERR_NO_EXTERNAL_BUFFERS') throw error;
      throw new RingwayError(
        'ERR_RINGWAY_UNSUPPORTED_PLATFORM',
        'this runtime refuses ArrayBuffers over memory that is not its own (Electron does): run Ringway in a Node.js process',
        { cause: error },
      );
    }
  }

  #refused(result: number, syscall: string, why?: string): Error {
    if (errnoName(result) !== GONE) return new PosixError(result, syscall, this.#path, why);
    this.#markClosed();
    return closedError(this.#path);
  }

  /** One plain store and one load while no mapping of this environment has met missing memory. */
  #assertIntact(): void {
    const faults = this.#faults.now;
    if (faults !== this.#seenFaults) {
      this.#seenFaults = faults;
      const broken = this.#bytes.length > 0 && this.#native.isBroken(this.#bytes.buffer);
      if (broken && this.#state === 'open') this.#state = 'truncated';
    }
    if (this.#state === 'closed') throw closedError(this.#path);
    if (this.#state === 'truncated') {
      throw new RingwayError(
        'ERR_RINGWAY_SEGMENT_TRUNCATED',
        `${this.#path ?? 'the file of a mapping'} was cut below what is mapped of it, or there was no room for a page of it: part of the ` +
          'mapping shows zeros. Close it, and find out who cuts the file',
      );
    }
  }
}

/** Bytes of the largest ArrayBuffer: 4 GiB on Node.js 20. */
const LARGEST_VIEW = constants.MAX_LENGTH;

/** Unmaps what nobody can reach any more. */
const abandoned = new FinalizationRegistry<number>((id) => loadNative().posixForget(id));

function closedError(path: string | undefined): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_CLOSED',
    `the mapping${path === undefined ? '' : ` of ${path}`} cannot be used: it was unmapped, or its ArrayBuffer was transferred`,
  );
}
