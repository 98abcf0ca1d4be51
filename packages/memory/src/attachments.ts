import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, unlinkSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import type { Native } from '@ringway/native';

import { bearObject } from './birth.js';
import { directoryAbilities } from './directory.js';
import { RingwayError } from './errors.js';
import type { AttachmentNames } from './names.js';
import { PosixError, codeOf } from './posix-error.js';
import type { Attachments } from './segment-handle.js';
import type { Trust } from './trust.js';

/** What the attachments of a handle need of it. */
export interface AttachmentsContext {
  readonly native: Native;
  readonly names: AttachmentNames;
  /** Permission bits: those of the segment itself. */
  readonly mode: number;
  readonly trust: Trust;
  /** Throws `ERR_RINGWAY_CLOSED` once the handle is closed, `ERR_RINGWAY_SEGMENT_TRUNCATED` once memory was found missing. */
  readonly assertOpen: () => void;
  /** Throws `ERR_RINGWAY_CLOSED` once the handle is closed. */
  readonly assertNotClosed: () => void;
}

/** Objects beside a segment in its directory, named after its creation id. */
export class FileAttachments implements Attachments {
  readonly #context: AttachmentsContext;

  constructor(context: AttachmentsContext) {
    this.#context = context;
  }

  create(suffix: string, parts: readonly Uint8Array[]): void {
    const { native, names, mode, assertOpen } = this.#context;
    assertOpen();
    const path = names.path(suffix);
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const fd = bearObject(native, directoryAbilities(native, names.directory), {
      path,
      mode,
      size,
      reserve: size === 0 ? [] : [{ offset: 0, length: size }],
      fill: (write) => {
        let offset = 0;
        for (const part of parts) {
          write(offset, part);
          offset += part.length;
        }
      },
    });
    if (fd === undefined) throw new PosixError(-osConstants.errno.EEXIST, 'linkat', path);
    closeSync(fd);
  }

  read(suffix: string, length: number): Uint8Array | undefined {
    const { names, trust, assertOpen } = this.#context;
    assertOpen();
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RangeError(`length must be a number of bytes, got ${length}`);
    }
    const path = names.path(suffix);
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      if (codeOf(error) === 'ELOOP') throw corrupt(path, 'it is a symbolic link', error);
      throw error;
    }
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) throw corrupt(path, 'it is not a regular file');
      if (!trust.includes(stats.uid)) throw corrupt(path, `it belongs to user ${stats.uid}, whom nobody trusts`);
      if (stats.size !== length) throw corrupt(path, `it has ${stats.size} bytes, expected ${length}`);
      return readWhole(fd, length, path);
    } finally {
      closeSync(fd);
    }
  }

  // Also beside a segment that was cut, or what belongs to it would stay for ever: its creation id is lost with its header.
  remove(suffix: string): boolean {
    this.#context.assertNotClosed();
    return removeFile(this.#context.names.path(suffix));
  }

  list(prefix: string): string[] {
    this.#context.assertNotClosed();
    return listAttachments(this.#context.names).filter((suffix) => suffix.startsWith(prefix));
  }
}

/** Suffixes of all objects of one segment. Reads the whole directory. */
export function listAttachments(names: AttachmentNames): string[] {
  return readdirSync(names.directory)
    .map((entry) => names.suffix(entry))
    .filter((suffix) => suffix !== undefined);
}

/** Removes all objects of one segment: when nobody is left who could want them. */
export function removeAttachments(names: AttachmentNames): void {
  for (const suffix of listAttachments(names)) removeFile(names.path(suffix));
}

function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function readWhole(fd: number, length: number, path: string): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, done);
    if (count === 0) throw corrupt(path, `it was cut to ${done} bytes while it was read, expected ${length}`);
    done += count;
  }
  return bytes;
}

function corrupt(path: string, why: string, cause?: unknown): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_CORRUPT_SEGMENT',
    `${path}, which belongs to a segment, cannot be used: ${why}`,
    cause === undefined ? undefined : { cause },
  );
}
