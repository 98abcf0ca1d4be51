import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Native } from '@ringway/native';

import { BIRTH_LOCK } from './lock-layout.js';
import { PosixError, codeOf } from './posix-error.js';

/** No segment and no attachment can have such a name. */
const NAME_PATTERN = /^\.ringway~[0-9a-f]{32}$/;
const NAME_PREFIX = '.ringway~';
const RANDOM_BYTES = 16;

/** A file under a random name, for file systems without O_TMPFILE. Its creator holds a lock on it, so that the names of the dead show. */
export class TemporaryFile {
  readonly fd: number;
  readonly path: string;

  private constructor(fd: number, path: string) {
    this.fd = fd;
    this.path = path;
  }

  /** Makes and locks one. Errors as `node:fs` throws them, and {@link PosixError}. */
  static create(native: Native, directory: string): TemporaryFile {
    for (;;) {
      const path = temporaryPath(directory);
      const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
      const file = new TemporaryFile(fd, path);
      const locked = native.lock(fd, BIRTH_LOCK);
      // A sweeper may have been between our open and our lock; it has the lock then, or has removed the name already.
      if (locked === 0 && fstatSync(fd).nlink === 1) return file;
      file.removeName();
      closeSync(fd);
      if (locked !== 0 && !isHeld(locked)) throw new PosixError(locked, 'fcntl', path);
    }
  }

  /** Locks an object that has no name and gives it a temporary one. {@link PosixError}, `errno` of `fcntl` or `linkat`. */
  static name(native: Native, fd: number, directory: string): TemporaryFile {
    const path = temporaryPath(directory);
    // Locked before it is named, so that no sweeper finds it without a lock.
    const locked = native.lock(fd, BIRTH_LOCK);
    if (locked !== 0) throw new PosixError(locked, 'fcntl', path);
    const linked = native.linkDescriptor(fd, path);
    if (linked !== 0) throw new PosixError(linked, 'linkat', path);
    return new TemporaryFile(fd, path);
  }

  /** Removes the temporary name, if it is still there. */
  removeName(): void {
    removeIfThere(this.path);
  }

  /** Removes what dead creators left in `directory`. Whose creator lives is locked, and stays. */
  static sweep(native: Native, directory: string): void {
    for (const entry of readdirSync(directory)) {
      if (NAME_PATTERN.test(entry)) sweepOne(native, join(directory, entry));
    }
  }
}

function temporaryPath(directory: string): string {
  return join(directory, NAME_PREFIX + randomBytes(RANDOM_BYTES).toString('hex'));
}

function isHeld(result: number): boolean {
  const code = new PosixError(result, 'fcntl').code;
  return code === 'EAGAIN' || code === 'EACCES';
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function sweepOne(native: Native, path: string): void {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    // Gone meanwhile, another user's, or no file at all: none of it is ours to sweep.
    if (['ENOENT', 'EACCES', 'EPERM', 'ELOOP', 'EISDIR', 'ENXIO'].includes(codeOf(error) ?? '')) return;
    throw error;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || native.lock(fd, BIRTH_LOCK) !== 0) return;
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.dev === stats.dev && there.ino === stats.ino) removeIfThere(path);
  } finally {
    closeSync(fd);
  }
}
