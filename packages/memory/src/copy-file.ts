import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Native } from '@ringway/native';

import { abortError } from './abort.js';
import { Descriptor } from './descriptor.js';
import { RingwayError } from './errors.js';
import { native as loadNative } from './platform.js';
import { PosixError, codeOf, errnoName } from './posix-error.js';
import { checkRoom, explainNoSpace } from './space.js';
import { UnbornFile, exists } from './unborn-file.js';

/** How a file is copied. */
export interface CopyOptions {
  /** Whether an existing target is replaced. Default true; false: `ERR_RINGWAY_EXISTS`. */
  readonly force?: boolean | undefined;
  /** Rejects with Node's `AbortError` after the parts that are being copied, of 64 MiB each; the target is as it was before. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with 0 before the first byte is copied, then after each part, at last with `done === total`. Bytes; holes count as copied.
   * What it throws ends the copying.
   */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What was copied. */
export interface CopyResult {
  /** Absolute path of the file that was written: inside the target if that is a directory, behind it if that is a symbolic link. */
  readonly path: string;
  /** Bytes, holes included. */
  readonly size: number;
}

/** Read, write and execute for all: without setuid, setgid and sticky, which `cp` does not copy either. */
const PERMISSION_BITS = 0o777;
/** Copied by one job in libuv's pool: smaller parts cost more, larger ones no less (docs/decisions/0011-copying.md). */
const PART_BYTES = 64 * 1024 * 1024;
/** While one part is written, the pages of the next are brought in: a second core's work. */
const PARTS_AT_A_TIME = 2;
/** `st_blocks` counts these, whatever the file system's own blocks are. */
const BLOCK_BYTES = 512;
/** Which of the refusals of `copyData` come from mapping the source. */
const MAPPING_ERRORS: readonly string[] = ['EACCES', 'EAGAIN', 'ENODEV', 'ENOMEM', 'EPERM'];

/**
 * Copies a file by mapping it, window by window, in threads of libuv's pool: the event loop goes on. When it resolves, the data is in
 * the target (like `cp`, it does not wait for the disk).
 *
 * The target appears under its name whole or not at all: it is written without a name, and then takes the place of what was there
 * atomically. Who has the old file open keeps it. Holes stay holes. The target gets the permission bits of the source, whatever the umask says.
 * As with `cp`, a target that is a directory is copied into, and symbolic links are followed on both sides. Memory in use does not
 * grow with the file. Costs as much as `cp`; where a target is replaced, its directory is read besides, some 1 us an entry.
 *
 * A source that grows meanwhile is copied up to the size that it had at first. Other changes during the copying may or may not be in
 * the copy.
 *
 * Errors: `ERR_RINGWAY_NOT_A_FILE` (a directory, a FIFO, a device, a file of /proc, a link to nothing), `ERR_RINGWAY_SAME_FILE`,
 * `ERR_RINGWAY_EXISTS` (`force: false`), `ERR_RINGWAY_NO_SPACE`, `ERR_RINGWAY_SOURCE_TRUNCATED`, `ERR_RINGWAY_UNSUPPORTED_PLATFORM`,
 * {@link PosixError}, those of `node:fs` (`ENOENT`, `EACCES`: the directory of the target must be writable, and the target, too, if there is
 * one), `AbortError`; `TypeError` for arguments. After an error the target is as it was before.
 */
export async function copyFile(source: string, target: string, options: CopyOptions = {}): Promise<CopyResult> {
  checkArguments(source, target, options);
  const native = loadNative();
  const from = openSource(native, source);
  try {
    const stats = fstatSync(from.fd);
    checkReadable(from, stats, source);
    const { path, directory } = findTarget(source, stats, target, options.force ?? true);
    const needed = Math.min(stats.size, stats.blocks * BLOCK_BYTES);
    checkRoom(directory, needed);
    try {
      await write(native, { descriptor: from, path: source, size: stats.size, mode: stats.mode }, path, options);
    } catch (error) {
      // Only now, when the half-made target is gone, does the file system tell what it had room for.
      throw explainNoSpace(error, directory, needed);
    }
    return { path, size: stats.size };
  } finally {
    from.close();
  }
}

/** A part of the file at work. */
interface Part {
  readonly offset: number;
  readonly copied: Promise<number>;
}

/** A file to be copied, as it was when it was opened. */
interface Source {
  readonly descriptor: Descriptor;
  readonly path: string;
  readonly size: number;
  readonly mode: number;
}

async function write(native: Native, source: Source, path: string, options: CopyOptions): Promise<void> {
  const file = UnbornFile.create(native, path, source.size);
  try {
    await transfer(native, source, file, path, options);
    throwIfAborted(options.signal);
    file.publish(source.mode & PERMISSION_BITS, options.force ?? true);
  } finally {
    file.discard();
  }
}

async function transfer(
  native: Native,
  source: Source,
  file: UnbornFile,
  path: string,
  { signal, onProgress }: CopyOptions,
): Promise<void> {
  const { descriptor, size } = source;
  const parts: Part[] = [];
  onProgress?.(0, size);
  try {
    for (let done = 0, next = 0; done < size;) {
      throwIfAborted(signal);
      for (; parts.length < PARTS_AT_A_TIME && next < size; next += PART_BYTES) {
        const end = Math.min(next + PART_BYTES, size);
        descriptor.stat();
        parts.push({ offset: next, copied: Promise.resolve(native.copyData(descriptor.fd, file.fd, next, end, size)) });
      }
      // Never empty here: the last part reaches the end.
      const part = parts[0];
      const reached = await part.copied;
      parts.shift();
      const now = Number(descriptor.stat().size);
      if (now < size) throw truncated(source, now);
      if (reached < 0) throw explainRefusal(source, path, part.offset, reached);
      // Beyond the part there may have been a hole.
      done = Math.max(done, reached);
      next = Math.max(next, reached);
      onProgress?.(done, size);
    }
  } finally {
    await Promise.all(parts.map(({ copied }) => copied));
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortError(signal);
}

function checkArguments(source: unknown, target: unknown, options: CopyOptions): void {
  for (const [name, path] of [
    ['source', source],
    ['target', target],
  ]) {
    if (typeof path === 'string' && path !== '' && !path.includes('\0')) continue;
    throw new TypeError(`${String(name)} must be the path of a file, got ${JSON.stringify(path)}`);
  }
  throwIfAborted(options.signal);
}

/** Opens nothing but regular files: to open a device may do something to it. */
function openSource(native: Native, path: string): Descriptor {
  const before = statSync(path);
  if (!before.isFile()) throw notAFile(path, before);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw notAFile(path, stats);
    return new Descriptor(native, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Files of /proc tell a size of 0 and have contents all the same: they cannot be mapped, and must not be taken for empty. */
function checkReadable(descriptor: Descriptor, stats: Stats, path: string): void {
  if (stats.size > 0 || readSync(descriptor.fd, new Uint8Array(1), 0, 1, 0) === 0) return;
  throw new RingwayError(
    'ERR_RINGWAY_NOT_A_FILE',
    `${path} tells that it has 0 bytes, and has more: it is made up while it is read, and cannot be mapped. Read it instead`,
  );
}

/** Where the copy goes: an absolute path without symbolic links, and its directory. */
function findTarget(
  source: string,
  sourceStats: Stats,
  target: string,
  force: boolean,
): { path: string; directory: string } {
  const into = statSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
  const path = into ? join(target, basename(source)) : target;
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return newTarget(path);
  if (!stats.isFile()) throw notAFile(path, stats);
  if (stats.dev === sourceStats.dev && stats.ino === sourceStats.ino) {
    throw new RingwayError('ERR_RINGWAY_SAME_FILE', `${source} and ${path} are the same file. Nothing was copied`);
  }
  if (!force) throw exists(path);
  // To replace it takes no right to write it; to overwrite it, as `cp` does, would.
  accessSync(path, constants.W_OK);
  const real = realpathSync(path);
  return { path: real, directory: dirname(real) };
}

function newTarget(path: string): { path: string; directory: string } {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    throw new RingwayError(
      'ERR_RINGWAY_NOT_A_FILE',
      `${path} is a symbolic link to nothing. Remove it, or make its target`,
    );
  }
  if (path.endsWith('/')) {
    throw new RingwayError('ERR_RINGWAY_NOT_A_FILE', `${path} is not a directory. Make it, or leave the last / away`);
  }
  const directory = realpathSync(dirname(path));
  return { path: join(directory, basename(path)), directory };
}

function notAFile(path: string, stats: Stats): RingwayError {
  const kinds: readonly (readonly [is: boolean, kind: string])[] = [
    [stats.isDirectory(), 'a directory'],
    [stats.isFIFO(), 'a FIFO'],
    [stats.isSocket(), 'a socket'],
    [stats.isCharacterDevice() || stats.isBlockDevice(), 'a device'],
  ];
  const kind = kinds.find(([is]) => is)?.[1] ?? 'something else';
  return new RingwayError('ERR_RINGWAY_NOT_A_FILE', `${path} is ${kind}, only regular files are copied. Name a file`);
}

function truncated(source: Source, now: number): RingwayError {
  const how = now < source.size ? `from ${source.size} to ${now} bytes ` : '';
  return new RingwayError(
    'ERR_RINGWAY_SOURCE_TRUNCATED',
    `${source.path} was cut ${how}while it was copied. The target was left as it was; copy again`,
  );
}

/** The error for a negative result of `copyData`. */
function explainRefusal(source: Source, path: string, offset: number, result: number): Error {
  const name = errnoName(result);
  if (MAPPING_ERRORS.includes(name)) return new PosixError(result, 'mmap', source.path);
  // The jobs in the pool work on duplicates of the descriptors.
  if (name === 'EMFILE') return new PosixError(result, 'fcntl');
  if (name !== 'EFAULT') return new PosixError(result, 'pwrite', path);
  // The kernel found no byte where there should be one. Reading tells why (EIO); if there is one now, the file was cut and has grown again.
  return readRefusal(source, offset) ?? truncated(source, source.size);
}

function readRefusal({ descriptor }: Source, offset: number): Error | undefined {
  try {
    readSync(descriptor.fd, new Uint8Array(1), 0, 1, offset);
    return undefined;
  } catch (error) {
    if (error instanceof Error && codeOf(error) !== undefined) return error;
    throw error;
  }
}
