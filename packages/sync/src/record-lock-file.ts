import { closeSync, constants as files, fstatSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { Descriptor, FIRST_OWN_LOCK, MAGIC, PosixError, native as loadNative } from '@ringway/memory';
import { RECORD_MODE, type Native } from '@ringway/native';
import type { Interval, Span } from './interval-table.js';
import type { RecordHolder, RecordLockOptions, RecordRange } from './record-lock-options.js';
import { recordWaits, type RecordWait } from './record-lock-waits.js';

/** Opens without waiting for anybody (a FIFO), and without taking a terminal. */
const OPEN_FLAGS = files.O_NONBLOCK | files.O_NOCTTY;

/**
 * An open file whose ranges are locked, by a description of its own: the kernel tells holders apart by their
 * descriptions.
 */
export class RecordLockFile {
  /** The path that it was opened by. */
  readonly path: string;
  /** Which file it is, whatever it is called: the same for all descriptions of it. */
  readonly identity: string;
  readonly #native: Native;
  readonly #descriptor: Descriptor;
  /** Where the bytes end that may be locked. */
  readonly #limit: number;

  /**
   * Errors: `ERR_RINGWAY_UNSUPPORTED_PLATFORM`, `TypeError`, `RangeError`, those of `node:fs`.
   *
   * @param onLost - called once, when somebody has closed or replaced the descriptor by its number
   */
  constructor(target: string | { readonly fd: number }, options: RecordLockOptions | undefined, onLost: () => void) {
    this.#native = loadNative();
    this.path = pathOf(target);
    const fd = openSync(this.path, flagsOf(options?.access ?? 'write') | OPEN_FLAGS);
    try {
      const stats = fstatSync(fd, { bigint: true });
      this.identity = `${stats.dev}:${stats.ino}`;
      // Beyond lie the locks by which the participants of a segment prove that they live: who held those would keep
      // everybody from joining.
      this.#limit = stats.isFile() && isSegment(fd) ? FIRST_OWN_LOCK : Infinity;
      this.#descriptor = new Descriptor(this.#native, fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#descriptor.onLost(onLost);
  }

  /** Checks a range. Throws `TypeError` or `RangeError`. */
  intervalOf({ start, length, mode = 'exclusive' }: RecordRange): Interval {
    checkOffset('start', start);
    checkOffset('length', length);
    checkMode(mode);
    const end = length === 0 ? this.#limit : start + length;
    if (end > this.#limit || start >= this.#limit) {
      throw new RangeError(
        `${this.path} is a segment: at byte ${this.#limit} the locks of its participants begin, and a range must end ` +
          `there or before, not at ${end > this.#limit ? end : start}`,
      );
    }
    if (length !== 0 && !Number.isSafeInteger(end)) {
      throw new RangeError(`start + length must be a safe integer, not ${end}. Give 0 for "to the end of the file"`);
    }
    return { start, end, mode };
  }

  /**
   * Tries to lock. False when somebody else's lock is in the way. Throws {@link PosixError}, `ERR_RINGWAY_DESCRIPTOR`.
   */
  tryLock(interval: Interval): boolean {
    // Looked at before as well, so that no lock is laid on a stranger's file.
    this.#descriptor.stat();
    const result = this.#set(interval, RECORD_MODE[interval.mode]);
    if (result === -constants.errno.EAGAIN) return false;
    // And after: another thread may have replaced it between the look and the lock.
    this.#descriptor.stat();
    if (result !== 0) throw new PosixError(result, 'fcntl', this.path);
    return true;
  }

  /** Begins to wait for a lock in a native thread; see {@link RecordWait}. */
  wait(interval: Interval, over: () => void): RecordWait {
    const request = {
      fd: this.#descriptor.fd,
      start: interval.start,
      length: kernelLength(interval),
      mode: RECORD_MODE[interval.mode],
    };
    return recordWaits(this.#native).start(request, over);
  }

  /**
   * Ends a wait. True: the lock was got. What the kernel said is about our file only if the descriptor still is ours:
   * throws `ERR_RINGWAY_DESCRIPTOR` rather than anything else.
   */
  end(wait: RecordWait): boolean {
    try {
      return wait.end();
    } finally {
      this.#descriptor.stat();
    }
  }

  /** Lets go of whatever is locked there. Throws {@link PosixError}, `ERR_RINGWAY_DESCRIPTOR`. */
  unlock(span: Span): void {
    this.#descriptor.stat();
    const result = this.#set(span, RECORD_MODE.none);
    if (result !== 0) throw new PosixError(result, 'fcntl', this.path);
  }

  /** Whose lock would be in the way, other than this description's. */
  query(interval: Interval): RecordHolder | undefined {
    this.#descriptor.stat();
    const { start, mode } = interval;
    const found = this.#native.queryRecord(this.#descriptor.fd, start, kernelLength(interval), RECORD_MODE[mode]);
    if (typeof found === 'number') {
      if (found !== 0) throw new PosixError(found, 'fcntl', this.path);
      return undefined;
    }
    return {
      mode: found.mode === RECORD_MODE.exclusive ? 'exclusive' : 'shared',
      start: found.start,
      length: found.length,
      own: false,
      pid: found.pid > 0 ? found.pid : undefined,
    };
  }

  /**
   * Lets all locks go and closes the descriptor, if it is still ours. Never throws: what cannot be unlocked goes with
   * the descriptor.
   */
  close(): void {
    if (this.#descriptor.isOurs()) this.#set({ start: 0, end: Infinity }, RECORD_MODE.none);
    this.#descriptor.close();
  }

  #set(span: Span, mode: number): number {
    return this.#native.lockRecord(this.#descriptor.fd, span.start, kernelLength(span), mode);
  }
}

/** The length as users and the kernel know it: 0 for what has no end. */
export function kernelLength({ start, end }: Span): number {
  return end === Infinity ? 0 : end - start;
}

/** A descriptor is opened again by its number: a duplicate would share its description, and so its locks. */
function pathOf(target: unknown): string {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null || !('fd' in target) || typeof target.fd !== 'number') {
    throw new TypeError(`the file must be a path or { fd }, not ${String(target)}`);
  }
  if (!Number.isInteger(target.fd) || target.fd < 0) {
    throw new RangeError(`fd must be a descriptor, not ${target.fd}`);
  }
  return `/proc/self/fd/${target.fd}`;
}

function flagsOf(access: 'read' | 'write'): number {
  switch (access) {
    case 'read':
      return files.O_RDONLY;
    case 'write':
      return files.O_RDWR;
    default:
      throw new TypeError(`access must be 'read' or 'write', not ${String(access)}`);
  }
}

function checkOffset(name: string, value: number): void {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of bytes, not ${String(value)}`);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name} must be a whole number of bytes from 0, not ${value}`);
  }
}

function checkMode(mode: unknown): void {
  if (mode !== 'shared' && mode !== 'exclusive') {
    throw new TypeError(`mode must be 'shared' or 'exclusive', not ${String(mode)}`);
  }
}

function isSegment(fd: number): boolean {
  const start = new Uint8Array(MAGIC.length);
  return readSync(fd, start, 0, start.length, 0) === start.length && start.every((byte, i) => byte === MAGIC[i]);
}
