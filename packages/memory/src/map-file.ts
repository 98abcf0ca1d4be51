import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { PathLike } from 'node:fs';

import type { Mapping } from './mapping.js';
import {
  MAP_ANONYMOUS,
  MAP_LOCKED,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
} from './posix-constants.js';
import { mapMemory } from './posix-memory.js';

/** How a file is mapped. */
export interface MapFileOptions {
  /** First byte, a multiple of the page size. Default 0. */
  readonly offset?: number;
  /** Bytes. Default: to the end of the file. */
  readonly length?: number;
  /** Opens the file for reading only; what is written into the mapping stays private. Default false. */
  readonly readonly?: boolean;
  /** What is written stays in this mapping, and is lost with it; the file is opened for reading only. Default false. */
  readonly private?: boolean;
  /** Brings the pages in at once. Default false. */
  readonly populate?: boolean;
}

/** How memory without a file is mapped. */
export interface AnonymousOptions {
  /** Brings the pages in at once. Default false. */
  readonly populate?: boolean;
  /** Keeps the pages in memory, as `posix.mlock` does. Default false. */
  readonly locked?: boolean;
}

/**
 * Maps a file that exists: what is written into the mapping is written into the file, and everybody who maps it sees it
 * at once.
 *
 * Errors: those of `node:fs` for opening it; `PosixError` of `mmap`, `EINVAL` for an empty file, or a range beyond its
 * last page.
 */
export function mapFile(path: PathLike, options: MapFileOptions = {}): Mapping {
  const { offset = 0, populate = false } = options;
  const isPrivate = options.private ?? false;
  const isReadonly = options.readonly ?? false;
  // Not blocking, or a FIFO would stop the thread before it is refused.
  const fd = openSync(path, (isPrivate || isReadonly ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK);
  try {
    const length = options.length ?? Math.max(fstatSync(fd).size - offset, 0);
    const prot = isReadonly ? PROT_READ : PROT_READ | PROT_WRITE;
    const flags = (isPrivate ? MAP_PRIVATE : MAP_SHARED) | (populate ? MAP_POPULATE : 0);
    return mapMemory(null, length, prot, flags, fd, offset, String(path));
  } finally {
    closeSync(fd);
  }
}

/**
 * Memory of zeros, outside of V8's heap, for this process alone.
 *
 * Errors: `PosixError` `EAGAIN` (`locked` over the limit), `ENOMEM`.
 *
 * @param length - bytes, from 1 on
 */
export function anonymous(length: number, options: AnonymousOptions = {}): Mapping {
  const { populate = false, locked = false } = options;
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | (populate ? MAP_POPULATE : 0) | (locked ? MAP_LOCKED : 0);
  return mapMemory(null, length, PROT_READ | PROT_WRITE, flags, -1, 0, undefined);
}
