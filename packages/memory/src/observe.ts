import { closeSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { bootId } from './boot.js';
import { RingwayError } from './errors.js';
import { decodeHeader } from './header.js';
import { nameOfEntry, objectPath, resolvePlace } from './names.js';
import { openObject, readFirstPage } from './object-file.js';
import { codeOf } from './posix-error.js';

/** Where to look: a directory, or `RINGWAY_DIR`, or `/dev/shm`. */
export interface PlaceOptions {
  /** Directory of the segments. Default: `RINGWAY_DIR`, and without it `/dev/shm`. */
  readonly dir?: string;
}

/** Which segments `Segment.list` tells. */
export interface ListOptions extends PlaceOptions {
  /** Only this kind. Default: all. */
  readonly kind?: number;
}

/** What can be seen of a segment from outside. */
export interface SegmentInfo {
  readonly name: string;
  /** Path of the object. */
  readonly path: string;
  /** See `SegmentHeader.kind`. */
  readonly kind: number;
  /** Size of the object in bytes; most of it may never have been touched. */
  readonly size: number;
  /** Bytes of memory that it takes now. */
  readonly allocated: number;
  readonly creationId: string;
  readonly codecName: string;
  /** Milliseconds since the epoch. */
  readonly createdTime: number;
  /** False if it is from another boot of this host: then it can only be unlinked. */
  readonly currentBoot: boolean;
  /** Permission bits. */
  readonly mode: number;
  /** Owner. */
  readonly uid: number;
}

/** `st_blocks` counts these, whatever the file system's own blocks are. */
const BLOCK_BYTES = 512;
const PERMISSION_BITS = 0o777;

/** Reasons to pass an entry over: it is gone, not readable for this user, or no segment that this release can read. */
const SKIPPED: readonly string[] = [
  'EACCES',
  'EPERM',
  'ERR_RINGWAY_CORRUPT_SEGMENT',
  'ERR_RINGWAY_FORMAT_VERSION',
  'ERR_RINGWAY_NOT_A_SEGMENT',
  'ERR_RINGWAY_NOT_FOUND',
];

/**
 * Whether the name is taken by a regular file. Whether that can be opened is another question. Opens nothing. Errors:
 * `ERR_RINGWAY_INVALID_NAME`, those of `node:fs`.
 */
export function segmentExists(name: string, options: PlaceOptions = {}): boolean {
  const path = objectPath(name, resolvePlace(options.dir));
  try {
    return lstatSync(path).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/**
 * All segments of a directory and of this process's namespace, by name. Reads one page of each, through a descriptor that cannot
 * write and never through a mapping. Errors: `ERR_RINGWAY_UNSUPPORTED_DIR` if there is no such directory, those of `node:fs`.
 */
export function listSegments(options: ListOptions = {}): SegmentInfo[] {
  const place = resolvePlace(options.dir);
  const found: SegmentInfo[] = [];
  for (const entry of readEntries(place.directory)) {
    const name = nameOfEntry(entry, place);
    if (name === undefined) continue;
    const info = look(name, join(place.directory, entry));
    if (info !== undefined && (options.kind === undefined || info.kind === options.kind)) found.push(info);
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readEntries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new RingwayError('ERR_RINGWAY_UNSUPPORTED_DIR', `${directory} is not a directory. Make it first`, {
      cause: error,
    });
  }
}

function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function look(name: string, path: string): SegmentInfo | undefined {
  try {
    const { fd, stats } = openObject(path, 'read');
    try {
      const header = decodeHeader(readFirstPage(fd), stats.size, path);
      return {
        name,
        path,
        kind: header.kind,
        size: header.size,
        allocated: stats.blocks * BLOCK_BYTES,
        creationId: header.creationId,
        codecName: header.codecName,
        createdTime: header.createdTime,
        currentBoot: header.bootId === bootId(),
        mode: stats.mode & PERMISSION_BITS,
        uid: stats.uid,
      };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = codeOf(error);
    if (code !== undefined && SKIPPED.includes(code)) return undefined;
    throw error;
  }
}
