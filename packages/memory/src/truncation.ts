import type { BigIntStats } from 'node:fs';
import type { Native } from '@ringway/native';

import { Descriptor } from './descriptor.js';
import { RingwayError } from './errors.js';
import { FaultCount } from './fault-count.js';

/** No count of faults: {@link Truncation.check} then always looks further. */
const NEVER = -1;

/** A segment's descriptor: whoever looks at what it leads to sees as well whether that was cut. */
export class SizedDescriptor extends Descriptor {
  readonly #size: bigint;
  readonly #cut: (size: bigint) => void;

  /**
   * @param native - the addon
   * @param fd - taken over
   * @param size - bytes that the object has
   * @param cut - told when it has fewer; throws
   */
  constructor(native: Native, fd: number, size: number, cut: (size: bigint) => void) {
    super(native, fd);
    this.#size = BigInt(size);
    this.#cut = cut;
  }

  /** As of any descriptor; throws `ERR_RINGWAY_SEGMENT_TRUNCATED` besides. */
  override stat(): BigIntStats {
    const stats = super.stat();
    if (stats.size < this.#size) this.#cut(stats.size);
    return stats;
  }
}

/**
 * Whether the object under one handle still has all its memory. A mapping that loses its own shows zeros where the process would else be killed
 * by SIGBUS, so what was read or written is worth something only if nothing of that kind has happened by then: {@link Truncation.check}, after it.
 */
export class Truncation {
  readonly #native: Native;
  readonly #path: string;
  readonly #size: number;
  readonly #mappings: () => Iterable<ArrayBuffer>;
  /** Moved by the fault guard, before the instruction that met the fault is over; by faults of other handles, too. */
  readonly #faults: FaultCount;
  /** Faults up to here were none of this handle's. */
  #judged: number;
  #found: string | undefined;
  /** The beginning of the header, once it is mapped; never zero while it is there. */
  #header: Int32Array | undefined;

  /**
   * @param native - the addon
   * @param path - for messages
   * @param size - bytes that the object should have
   * @param mappings - those of the handle
   */
  constructor(native: Native, path: string, size: number, mappings: () => Iterable<ArrayBuffer>) {
    this.#native = native;
    this.#path = path;
    this.#size = size;
    this.#mappings = mappings;
    this.#faults = new FaultCount(native);
    this.#judged = this.#faults.now;
  }

  /** Throws `ERR_RINGWAY_SEGMENT_TRUNCATED` if memory was found missing. While no mapping of this environment has met a fault: one plain store and one load. */
  check(): void {
    if (this.#faults.now !== this.#judged) this.#judge();
  }

  /** The object's first bytes are mapped here. */
  watchHeader(buffer: ArrayBuffer): void {
    this.#header = new Int32Array(buffer, 0, 1);
  }

  /**
   * As {@link Truncation.check}, and finds besides what faults nowhere: an object that was cut to nothing and has grown again, whose header is zeros.
   */
  checkHeader(): void {
    // A view of a mapping that was ended has no words.
    const first = this.#header?.[0];
    this.check();
    if (first === 0) this.lost('its header is gone: it was cut to nothing, and has grown again');
  }

  /** The object has so many bytes only. Throws. */
  readonly cut = (size: bigint): never => {
    this.lost(`it has ${size} bytes, it had ${this.#size}`);
  };

  /** Memory is missing, as the system says: from here every check throws, this call first. */
  lost(how: string): never {
    this.#found ??= how;
    this.#judged = NEVER;
    throw this.#error(this.#found);
  }

  #judge(): void {
    const faults = this.#faults.now;
    if (this.#found === undefined) {
      for (const buffer of this.#mappings()) {
        if (this.#native.isBroken(buffer)) this.lost('an access met memory that is not there any more');
      }
      this.#judged = faults;
    } else throw this.#error(this.#found);
  }

  #error(how: string): RingwayError {
    return new RingwayError(
      'ERR_RINGWAY_SEGMENT_TRUNCATED',
      `${this.#path} lost memory while it was open: ${how}. Somebody truncated it, or its file system was full where it has a hole. ` +
        'What was read since may be zeros, what was written since may be lost. Close it, unlink it and make it anew',
    );
  }
}
