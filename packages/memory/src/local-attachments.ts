import { constants } from 'node:os';

import { RingwayError } from './errors.js';
import { PosixError } from './posix-error.js';
import type { Attachments } from './segment-handle.js';

/** Attachments of a segment on the heap: byte arrays by suffix. */
export class LocalAttachments implements Attachments {
  readonly #objects: Map<string, Uint8Array>;
  readonly #assertOpen: () => void;

  /**
   * @param objects - shared by all handles of the segment
   * @param assertOpen - throws `ERR_RINGWAY_CLOSED` once the handle is closed
   */
  constructor(objects: Map<string, Uint8Array>, assertOpen: () => void) {
    this.#objects = objects;
    this.#assertOpen = assertOpen;
  }

  create(suffix: string, parts: readonly Uint8Array[]): void {
    this.#assertOpen();
    if (this.#objects.has(suffix)) throw new PosixError(-constants.errno.EEXIST, 'linkat', suffix);
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    this.#objects.set(suffix, bytes);
  }

  read(suffix: string, length: number): Uint8Array | undefined {
    this.#assertOpen();
    const bytes = this.#objects.get(suffix);
    if (bytes !== undefined && bytes.length !== length) {
      throw new RingwayError(
        'ERR_RINGWAY_CORRUPT_SEGMENT',
        `attachment ${suffix} has ${bytes.length} bytes, expected ${length}`,
      );
    }
    return bytes?.slice();
  }

  remove(suffix: string): boolean {
    this.#assertOpen();
    return this.#objects.delete(suffix);
  }

  list(prefix: string): string[] {
    this.#assertOpen();
    return [...this.#objects.keys()].filter((suffix) => suffix.startsWith(prefix));
  }
}
