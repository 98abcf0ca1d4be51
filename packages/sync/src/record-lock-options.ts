import type { RecordMode } from './interval-table.js';
import type { WaitOptions } from './waits.js';

/** Options of `RecordLock.open`. */
export interface RecordLockOptions {
  /**
   * What the file is opened for. A shared lock needs read access, an exclusive one write access: with `read` to ask for
   * one is `EBADF`. Default `write`, which means both.
   */
  readonly access?: 'read' | 'write' | undefined;
}

/** A range of bytes, and what for. */
export interface RecordRange {
  /** The first byte, from 0. It may lie beyond the end of the file. */
  readonly start: number;
  /** How many bytes. 0: to the end of the file and all that is ever appended to it, as with `fcntl`. */
  readonly length: number;
  /** Default `exclusive`. */
  readonly mode?: RecordMode | undefined;
}

/** What `RecordLock.acquire` takes. */
export interface RecordAcquireOptions extends RecordRange, WaitOptions {}

/** What `RecordLock.acquireSync` takes. */
export interface RecordAcquireSyncOptions extends RecordRange {
  /** Milliseconds; throws `ERR_RINGWAY_TIMEOUT`. 0: looks once. Default: no limit. */
  readonly timeout?: number | undefined;
}

/** A range that is locked, until it is released. */
export interface RecordGuard {
  readonly start: number;
  /** 0: to the end of the file and beyond. */
  readonly length: number;
  readonly mode: RecordMode;
  /** Whether {@link RecordGuard.release} was called. */
  readonly released: boolean;
  /**
   * Lets the range go, but for what other guards of the same handle cover. Idempotent; does nothing when the handle is
   * closed, which has let it go. Throws `PosixError` in one case: the kernel has no memory to cut a lock into two
   * (`ENOLCK`). The range is then still held, and can be released again. Some 5 us.
   */
  release(): void;
  /** The same as {@link RecordGuard.release}: for `using`. */
  [Symbol.dispose](): void;
}

/** Whose lock is in the way of another: what `RecordLock.query` finds. */
export interface RecordHolder {
  readonly mode: RecordMode;
  readonly start: number;
  /** 0: to the end of the file and beyond. */
  readonly length: number;
  /** Whether a guard of this handle holds it. */
  readonly own: boolean;
  /**
   * The process, where the kernel knows it: own guards, and classic locks of `fcntl` and `lockf`. Not for locks of
   * descriptions (`F_OFD_SETLK`, other handles of Ringway among them), and not for processes of another PID namespace.
   */
  readonly pid: number | undefined;
}
