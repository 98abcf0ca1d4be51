import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { RingwayError } from './errors.js';
import { HEADER_BYTES } from './header-layout.js';
import { codeOf } from './posix-error.js';

/** An object that was opened and is a regular file. Whoever gets it closes the descriptor. */
export interface OpenObject {
  readonly fd: number;
  readonly stats: Stats;
}

/**
 * Opens the object behind a segment's name, following no symbolic link and waiting for nobody (a FIFO). Errors:
 * `ERR_RINGWAY_NOT_FOUND`, `ERR_RINGWAY_NOT_A_SEGMENT`, those of `node:fs` (`EACCES`, …).
 */
export function openObject(path: string, access: 'read' | 'write'): OpenObject {
  let fd: number;
  try {
    const mode = access === 'write' ? constants.O_RDWR : constants.O_RDONLY;
    fd = openSync(path, mode | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw explainOpen(error, path);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw notAFile(path);
    return { fd, stats };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** A private copy of the first page, or of as much of it as there is; never through a mapping. */
export function readFirstPage(fd: number): Uint8Array {
  const page = new Uint8Array(HEADER_BYTES);
  let done = 0;
  while (done < page.length) {
    const count = readSync(fd, page, done, page.length - done, done);
    if (count === 0) break;
    done += count;
  }
  return page.subarray(0, done);
}

/** User id of whoever owns the name's object, which may not be opened; undefined if it is gone. */
export function ownerOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.uid;
}

/** Errors of `open` that tell that the name leads to a symbolic link, a directory, a socket or a device. */
const NOT_A_FILE: readonly string[] = ['ELOOP', 'EISDIR', 'ENXIO', 'ENODEV'];

function explainOpen(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new RingwayError('ERR_RINGWAY_NOT_FOUND', `there is no segment at ${path}. Create it first`, {
      cause: error,
    });
  }
  return code !== undefined && NOT_A_FILE.includes(code) ? notAFile(path, error) : error;
}

function notAFile(path: string, cause?: unknown): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_NOT_A_SEGMENT',
    `${path} is not a Ringway segment: it is not a regular file. Use another name, or remove it`,
    cause === undefined ? undefined : { cause },
  );
}
