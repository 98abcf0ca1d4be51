import { closeSync, fchmodSync, ftruncateSync, linkSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Native } from '@ringway/native';

import { Descriptor } from './descriptor.js';
import { openUnnamed } from './directory.js';
import { RingwayError } from './errors.js';
import { PosixError, codeOf, errnoName } from './posix-error.js';
import { TemporaryFile } from './temporary-file.js';

/** What `open` says where the kernel or the file system does not know O_TMPFILE (see open(2)). */
const NO_TMPFILE: readonly (string | undefined)[] = ['EOPNOTSUPP', 'EISDIR', 'EINVAL'];

/**
 * A file that is being written and shall appear under its name whole or not at all. Until {@link UnbornFile.publish} it has no name;
 * where the file system cannot do that, a temporary one, which a later writer in the same directory sweeps if this one is killed.
 */
export class UnbornFile {
  readonly #native: Native;
  readonly #path: string;
  readonly #descriptor: Descriptor;
  /** The temporary name, if there is one. */
  #temporary: TemporaryFile | undefined;

  private constructor(native: Native, path: string, fd: number, temporary: TemporaryFile | undefined) {
    this.#native = native;
    this.#path = path;
    this.#temporary = temporary;
    this.#descriptor = new Descriptor(native, fd);
  }

  /**
   * Begins a file of `size` bytes, all of them a hole, that shall be called `path`. Errors: those of `node:fs`, {@link PosixError}.
   */
  static create(native: Native, path: string, size: number): UnbornFile {
    let fd: number;
    try {
      fd = openUnnamed(dirname(path));
    } catch (error) {
      if (!NO_TMPFILE.includes(codeOf(error))) throw error;
      return UnbornFile.createNamed(native, path, size);
    }
    return UnbornFile.#begin(native, path, size, fd, undefined);
  }

  /** As {@link UnbornFile.create}, where the file system has no O_TMPFILE. */
  static createNamed(native: Native, path: string, size: number): UnbornFile {
    const directory = dirname(path);
    TemporaryFile.sweep(native, directory);
    const temporary = TemporaryFile.create(native, directory);
    return UnbornFile.#begin(native, path, size, temporary.fd, temporary);
  }

  static #begin(
    native: Native,
    path: string,
    size: number,
    fd: number,
    temporary: TemporaryFile | undefined,
  ): UnbornFile {
    try {
      ftruncateSync(fd, size);
      return new UnbornFile(native, path, fd, temporary);
    } catch (error) {
      temporary?.removeName();
      closeSync(fd);
      throw error;
    }
  }

  /** The number, for one call: never keep it. Throws `ERR_RINGWAY_DESCRIPTOR` when it leads elsewhere. */
  get fd(): number {
    this.#descriptor.stat();
    return this.#descriptor.fd;
  }

  /**
   * Gives the file its mode, whatever the umask says, and its name, atomically: who opens it finds what was there before or all of this.
   *
   * @param replace - whether a file of that name is replaced, which reads the directory once; else that is `ERR_RINGWAY_EXISTS`
   *
   * Errors: also those of `node:fs`, and {@link PosixError}. It has to be discarded in any case.
   */
  publish(mode: number, replace: boolean): void {
    fchmodSync(this.fd, mode);
    if (this.#temporary === undefined) {
      const linked = this.#native.linkDescriptor(this.fd, this.#path);
      if (linked === 0) return;
      if (errnoName(linked) !== 'EEXIST') throw new PosixError(linked, 'linkat', this.#path);
      if (!replace) throw exists(this.#path);
      const directory = dirname(this.#path);
      // There is no call that links over a name: a second name first, for the moment until it is moved. Who was killed in that moment has left
      // his. To find it costs reading the directory, so only those pay who replace something.
      TemporaryFile.sweep(this.#native, directory);
      this.#temporary = TemporaryFile.name(this.#native, this.fd, directory);
    }
    if (replace) renameSync(this.#temporary.path, this.#path);
    else linkNew(this.#temporary.path, this.#path);
  }

  /** Ends the writing. What has no name of its own is gone. Idempotent. */
  discard(): void {
    try {
      this.#temporary?.removeName();
    } finally {
      this.#temporary = undefined;
      this.#descriptor.close();
    }
  }
}

function linkNew(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? exists(to, error) : error;
  }
}

/** The error for a name that is taken and was not to be replaced. */
export function exists(path: string, cause?: unknown): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_EXISTS',
    `${path} exists, and was not to be replaced. Choose another name, or remove it`,
    cause === undefined ? undefined : { cause },
  );
}
