import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { posix } from '@ringway/memory';

import { Scratch } from '../../support/scratch.js';

/** Bytes of a page. */
export const PAGE: number = posix.getpagesize();

/** Makes files, names and descriptors, and removes them all. */
export class Files extends Scratch {
  /** A name of shared memory that is free now, and free again at the end. */
  sharedName(): string {
    const name = `/ringway.${process.env.RINGWAY_NAMESPACE ?? ''}posix-${randomBytes(6).toString('hex')}`;
    this.later(() => ignoreMissing(() => posix.shm_unlink(name)));
    return name;
  }

  /** A descriptor of shared memory of this size, whose name is gone already. */
  shared(size: number): number {
    const name = this.sharedName();
    const fd = posix.shm_open(name, posix.O_CREAT | posix.O_EXCL | posix.O_RDWR, 0o600);
    this.later(() => ignoreMissing(() => posix.close(fd)));
    posix.shm_unlink(name);
    posix.ftruncate(fd, size);
    return fd;
  }

  /** A descriptor of memory without a name. */
  unnamed(flags: number, size: number): number {
    const fd = posix.memfd_create('test', flags);
    this.later(() => ignoreMissing(() => posix.close(fd)));
    posix.ftruncate(fd, size);
    return fd;
  }

  /** The path of a file on disk with these contents. */
  file(contents: string | Uint8Array): string {
    const path = join(this.directory(), 'file');
    writeFileSync(path, contents);
    return path;
  }

  /** The path of a FIFO that nobody has open. */
  fifo(): string {
    const path = join(this.directory(), 'fifo');
    execFileSync('mkfifo', [path]);
    return path;
  }

  /** Opens a file, as `fs.openSync`, until the end. */
  open(path: string, flags: string | number): number {
    const fd = openSync(path, flags);
    this.later(() => closeSync(fd));
    return fd;
  }
}

/** For what may have been done already. */
function ignoreMissing(cleanup: () => void): void {
  try {
    cleanup();
  } catch (error) {
    const known = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EBADF');
    if (!known) throw error;
  }
}
