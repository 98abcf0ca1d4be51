/**
 * Every native function of Ringway, declared once. Mechanism, no policy: nothing here knows of lanes, messages or slots.
 *
 * Conventions. A function that can fail for a reason of the operating system returns a negative errno (`-EAGAIN`, `-ENOSPC`)
 * and never throws for it; arguments of the wrong type or range throw `TypeError` or `RangeError`. Offsets and lengths are
 * bytes, and plain numbers (safe integers). `words` is an `Int32Array`, `index` an index into it (not a byte offset).
 * Importing this module loads nothing: {@link load} does.
 *
 * The addon is taken from `prebuilds/`, else from `build/Release/`; with the environment variable `RINGWAY_ADDON`, a path, it is
 * that file and no other: a build with sanitizers, say.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Byte range of open-file-description locks that the waiter thread probes for a {@link Native.watch}. */
export interface LockRange {
  /** Descriptor through which to probe. Must stay open until the watch has fired or was removed. */
  readonly fd: number;
  /** First byte of the range. */
  readonly start: number;
  /** Number of bytes, at most 4096. */
  readonly count: number;
  /** One bit a byte of the range, bit set = held when the caller last looked. Copied at the call. */
  readonly held: Int32Array;
}

/** Why a watch fired. */
export const WATCH_REASON = {
  /** The word no longer had the expected value, or was woken. */
  doorbell: 0,
  /** A lock that was held, by `held` or at a later probe, is held no more. */
  lockReleased: 1,
  /** The kernel refused to wait (the memory was unmapped, or the like). Look again, do not wait again blindly. */
  failed: 2,
} as const;

/** Results of {@link Native.futexWait}. */
export const WAIT_RESULT = { woken: 0, changed: 1, timeout: 2 } as const;

/** The addon's exports. */
export interface Native {
  /** `linkat(/proc/self/fd/N, path, AT_SYMLINK_FOLLOW)`: gives an unnamed object (`O_TMPFILE`) its name. 0 or -errno (`EEXIST`). */
  linkDescriptor(fd: number, path: string): number;

  /**
   * `fallocate(fd, 0, offset, length)` in steps of at most 1 MiB, with all signals blocked around each step, restarted on
   * EINTR. What was reserved before an error stays; the caller punches it. 0 or -errno (`ENOSPC`, `EOPNOTSUPP`).
   */
  reserve(fd: number, offset: number, length: number): number;

  /** `fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)`: gives memory back. 0 or -errno. */
  punch(fd: number, offset: number, length: number): number;

  /**
   * Maps `length` bytes of `fd` from `offset` (both multiples of the page size), shared, readable and writable,
   * MADV_DONTFORK, as an external ArrayBuffer. The descriptor may be closed afterwards. -errno on failure (`ENOMEM`).
   * Throws when the runtime refuses external buffers (Electron): code `ERR_NO_EXTERNAL_BUFFERS`.
   */
  map(fd: number, offset: number, length: number): ArrayBuffer | number;

  /** As {@link Native.map}, but the same bytes twice, back to back: the buffer has `2 * length` bytes. */
  mapTwice(fd: number, offset: number, length: number): ArrayBuffer | number;

  /** `madvise(MADV_POPULATE_WRITE)` over a range of a mapped buffer. 0 or -errno; where the kernel has it not (`EINVAL`), 0. */
  populate(buffer: ArrayBuffer, offset: number, length: number): number;

  /**
   * Ends a mapping: detaches the buffer (its views have length 0, its users see `TypeError`), lays private anonymous zero
   * pages over the range (so that a libuv job still at work on a view meets zeros) and unmaps the range only when the
   * ArrayBuffer object itself was collected, or the environment ends. Watches on words inside it are removed. False if
   * the buffer is no mapping of this addon or was unmapped before.
   */
  unmap(buffer: ArrayBuffer): boolean;

  /**
   * The process closes this descriptor in every forked child (`pthread_atfork`), so that no child keeps its locks; and when
   * the environment ends, all locks of its description are let go. 0 or -errno (`EBADF`).
   */
  guardDescriptor(fd: number): number;
  /** Takes back {@link Native.guardDescriptor}; before the descriptor is closed. */
  unguardDescriptor(fd: number): void;

  /** `F_OFD_SETLK`, exclusive, one byte. 0, or -EAGAIN when another description holds it, or -errno. Does not conflict with locks of the same description. */
  lock(fd: number, byte: number): number;
  /** `F_OFD_SETLK` with `F_UNLCK`, one byte. 0 or -errno. */
  unlock(fd: number, byte: number): number;
  /** `F_OFD_GETLK`, one byte: 1 held by another description, 0 not, or -errno. Takes no lock. */
  probe(fd: number, byte: number): number;
  /**
   * As {@link Native.probe} for `count` bytes from `start` (at most 4096): bit i of `held` = byte `start + i` is held by another
   * description. Costs two system calls a held byte and one more (GETLK over ranges, split at what is found). 0 or -errno.
   */
  probeRange(fd: number, start: number, count: number, held: Int32Array): number;

  /**
   * `membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED)`: from here the processors that run this process take part in every {@link Native.fence}. 0 or
   * -errno (`ENOSYS`, `EPERM` in a sandbox).
   */
  registerFence(): number;
  /**
   * `membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED)`: a full memory barrier on this processor, and on every one that runs a registered process just now: their
   * earlier stores are visible when this returns. Some microseconds. 0 or -errno.
   */
  fence(): number;

  /** `FUTEX_WAKE` (shared) on `words[index]`, at most `count` waiters. The number woken, or -errno. About 0.5 us. */
  futexWake(words: Int32Array, index: number, count: number): number;
  /**
   * `FUTEX_WAIT` (shared): blocks this thread while `words[index] === expected`, at most `timeoutMs` milliseconds (fractions
   * count; at most 1000). A {@link WAIT_RESULT} or -errno. EINTR counts as woken, so that signals are served.
   *
   * A loop around it must call a function of JavaScript in each round, where V8 looks for `worker.terminate()` and the like: in
   * one that calls nothing but this it may not look for thousands of rounds.
   */
  futexWait(words: Int32Array, index: number, expected: number, timeoutMs: number): number;

  /**
   * Where watches of this environment report: called on the event loop, once a fired watch. Call once, before the first
   * {@link Native.watch}; a second call replaces the function. Does not keep the event loop alive (see {@link Native.refWatches}).
   */
  onWatch(dispatch: (id: number, reason: number) => void): void;
  /**
   * Waits on a native thread (one for up to 127 watches, `futex_waitv`; never libuv's pool) until `words[index] !== expected`
   * or the word is woken, or a lock of `locks` is let go; then fires once. Looks at `locks` every 100 ms (in the thread, JavaScript is
   * woken on a change only). A positive id, or -errno (`EFAULT`, `EAGAIN` when no thread can be started). Fires at once (on the
   * event loop, never inside the call) when the value differs already. `words` must be a view of a mapping ({@link Native.map}),
   * which it keeps from being collected.
   *
   * Change the word before you wake it: of several words woken at one moment the kernel names one, and the others are found
   * by their values. Without `futex_waitv` (Linux before 5.16, some sandboxes, or `RINGWAY_NO_FUTEX_WAITV=1`) a thread serves
   * one watch, up to 8 threads; one more looks at all others every millisecond, and sees no wake that changes nothing.
   */
  watch(words: Int32Array, index: number, expected: number, locks: LockRange | null): number;
  /** Removes a watch. False if it has fired (its report may still be on its way, and must be ignored) or never was. */
  unwatch(id: number): boolean;
  /** Keeps the event loop alive while `on`, independent of how many watches there are. Default off. */
  refWatches(on: boolean): void;

  /** What this process's waiter threads of this environment are: for tests and `stats`. */
  watchStats(): { threads: number; watches: number };
}

/** What {@link support} answers. */
export type Support = { readonly supported: true } | { readonly supported: false; readonly reason: string };

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);

/** Where the addon may be: the first that exists is taken. `RINGWAY_ADDON` is for an addon that was built in another way. */
function candidates(): readonly string[] {
  const told = process.env.RINGWAY_ADDON ?? '';
  if (told !== '') return [resolve(told)];
  return [
    join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'ringway.node'),
    join(root, 'build', 'Release', 'ringway.node'),
  ];
}

function addonPath(): string | undefined {
  return candidates().find((path) => existsSync(path));
}

/** Whether Ringway's shared memory works in this process, and if not, why. Loads nothing. */
export function support(): Support {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    return {
      supported: false,
      reason: `shared memory needs Linux on x64 or arm64, this is ${process.platform} on ${process.arch}`,
    };
  }
  if (addonPath() === undefined) {
    return {
      supported: false,
      reason: `the native addon is missing: there is no ${candidates().join(', nor ')}`,
    };
  }
  return { supported: true };
}

let loaded: Native | undefined;

/**
 * Loads the addon, once for each environment. Call {@link support} first: where that says no, this throws an Error that says
 * the same.
 */
export function load(): Native {
  if (loaded === undefined) {
    const path = addonPath();
    const answer = support();
    if (path === undefined || !answer.supported) throw new Error(answer.supported ? 'no addon' : answer.reason);
    loaded = createRequire(import.meta.url)(path) as Native;
  }
  return loaded;
}
