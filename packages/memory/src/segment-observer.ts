import { readSync } from 'node:fs';

import { Descriptor } from './descriptor.js';
import { RingwayError } from './errors.js';
import { decodeHeader } from './header.js';
import type { SegmentHeader } from './header.js';
import { LockTable } from './lock-table.js';
import { objectPath, resolvePlace } from './names.js';
import { openObject, readFirstPage } from './object-file.js';
import type { PlaceOptions } from './observe.js';
import { native } from './platform.js';

const BITS_PER_WORD = 32;

/**
 * A segment seen from outside, for people's tools: through a descriptor that cannot write, by `pread`, never through a mapping. It takes
 * no lock and no slot, and changes nothing. What it reads may change while it reads.
 */
export class SegmentObserver {
  readonly name: string;
  /** Path of the object. */
  readonly path: string;
  /** As it was when this was opened. */
  readonly header: SegmentHeader;
  readonly #descriptor: Descriptor;
  readonly #locks: LockTable;

  private constructor(name: string, path: string, header: SegmentHeader, descriptor: Descriptor) {
    this.name = name;
    this.path = path;
    this.header = header;
    this.#descriptor = descriptor;
    this.#locks = new LockTable(native(), descriptor, path);
  }

  /**
   * Opens a segment for looking. Some 50 us. Errors: `ERR_RINGWAY_INVALID_NAME`, `ERR_RINGWAY_NOT_FOUND`, `ERR_RINGWAY_NOT_A_SEGMENT`,
   * `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_FORMAT_VERSION`, `ERR_RINGWAY_UNSUPPORTED_PLATFORM`, those of `node:fs` (`EACCES`).
   */
  static open(name: string, options: PlaceOptions = {}): SegmentObserver {
    const path = objectPath(name, resolvePlace(options.dir));
    const addon = native();
    const { fd, stats } = openObject(path, 'read');
    const descriptor = new Descriptor(addon, fd);
    try {
      return new SegmentObserver(name, path, decodeHeader(readFirstPage(fd), stats.size, path), descriptor);
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  /** A private copy of a range of the object, in bytes. Errors: `ERR_RINGWAY_CORRUPT_SEGMENT` where the object ends before. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      this.#descriptor.stat();
      const count = readSync(this.#descriptor.fd, bytes, done, length - done, offset + done);
      if (count === 0) {
        throw new RingwayError(
          'ERR_RINGWAY_CORRUPT_SEGMENT',
          `${this.path} ends after ${offset + done} bytes, ${length} bytes from ${offset} were to be read. Unlink it and make it anew`,
        );
      }
      done += count;
    }
    return bytes;
  }

  /** Which of the slot locks from 0 on are held, one bit each. Two system calls a held lock. Errors: `ERR_RINGWAY_UNSUPPORTED_DIR`. */
  lockedBits(count: number): Int32Array {
    const held = new Int32Array(Math.ceil(count / BITS_PER_WORD));
    this.#locks.lockedBits(0, count, held);
    return held;
  }

  /** Idempotent. */
  close(): void {
    this.#descriptor.close();
  }
}
