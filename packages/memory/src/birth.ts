import { closeSync, fchmodSync, ftruncateSync, linkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Native } from '@ringway/native';

import type { ByteRange } from './byte-range.js';
import { openUnnamed } from './directory.js';
import type { DirectoryAbilities } from './directory.js';
import { BIRTH_LOCK } from './lock-layout.js';
import { PosixError, codeOf, errnoName } from './posix-error.js';
import { checkRoom, explainNoSpace } from './space.js';
import { TemporaryFile } from './temporary-file.js';

/** What an object shall be when it appears. */
export interface NewObject {
  readonly path: string;
  /** Permission bits, whatever the umask says. */
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
  /** Ranges whose memory is reserved; apart from each other. */
  readonly reserve: readonly ByteRange[];
  /** Writes the contents. */
  readonly fill: (write: (offset: number, bytes: Uint8Array) => void) => void;
}

/**
 * Makes an object that is whole when its name appears: made without a name (or under a temporary one that a later creator
 * sweeps), sized, reserved, filled, and only then linked. A creator that dies on the way leaves nothing under the name.
 *
 * @returns the descriptor, or undefined if the name was taken; then nothing is left behind.
 *
 * Errors: `ERR_RINGWAY_NO_SPACE`, {@link PosixError}, those of `node:fs`. Nothing is left behind after an error either.
 */
export function bearObject(native: Native, abilities: DirectoryAbilities, wanted: NewObject): number | undefined {
  const directory = dirname(wanted.path);
  const needed = wanted.reserve.reduce((sum, range) => sum + range.length, 0);
  checkRoom(directory, needed);
  try {
    return abilities.unnamed ? bearUnnamed(native, directory, wanted) : bearNamed(native, directory, wanted);
  } catch (error) {
    throw explainNoSpace(error, directory, needed);
  }
}

function bearUnnamed(native: Native, directory: string, wanted: NewObject): number | undefined {
  const fd = openUnnamed(directory);
  let linked = false;
  try {
    complete(native, fd, wanted);
    const result = native.linkDescriptor(fd, wanted.path);
    linked = result === 0;
    if (!linked && errnoName(result) !== 'EEXIST') throw new PosixError(result, 'linkat', wanted.path);
  } finally {
    if (!linked) closeSync(fd);
  }
  return linked ? fd : undefined;
}

function bearNamed(native: Native, directory: string, wanted: NewObject): number | undefined {
  TemporaryFile.sweep(native, directory);
  const file = TemporaryFile.create(native, directory);
  const { fd } = file;
  let linked = false;
  try {
    complete(native, fd, wanted);
    linked = linkTo(file.path, wanted.path);
  } finally {
    file.removeName();
    if (!linked) closeSync(fd);
  }
  if (!linked) return undefined;
  const unlocked = native.unlock(fd, BIRTH_LOCK);
  if (unlocked !== 0) {
    closeSync(fd);
    throw new PosixError(unlocked, 'fcntl', wanted.path);
  }
  return fd;
}

function linkTo(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function complete(native: Native, fd: number, wanted: NewObject): void {
  fchmodSync(fd, wanted.mode);
  ftruncateSync(fd, wanted.size);
  for (const { offset, length } of wanted.reserve) {
    const result = native.reserve(fd, offset, length);
    if (result !== 0) throw new PosixError(result, 'fallocate', wanted.path);
  }
  wanted.fill((offset, bytes) => {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + bytes.length > wanted.size) {
      throw new RangeError(`cannot write ${bytes.length} bytes at ${offset}: the object has ${wanted.size}`);
    }
    writeAll(fd, offset, bytes);
  });
}

function writeAll(fd: number, offset: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}
