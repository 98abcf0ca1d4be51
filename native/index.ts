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

/** What a range of a file may be locked for: {@link Native.lockRecord}. */
export const RECORD_MODE = { none: 0, shared: 1, exclusive: 2 } as const;

/** A lock of somebody else that stands in the way: {@link Native.queryRecord}. */
export interface RecordHolder {
  /** A {@link RECORD_MODE}. */
  readonly mode: number;
  readonly start: number;
  /** 0 reaches to the end of every file. */
  readonly length: number;
  /** -1 for a lock of a description, which may belong to many processes; 0 for a process of another PID namespace. */
  readonly pid: number;
}

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
   * Copies the data that `source` has between `offset` and `end` to the same places of `target`, in libuv's pool: the range is mapped,
   * populated, and written out of the mapping. Holes are passed over, the target keeps what it has there. Where the next data
   * begins from `end` on, `size` if there is none before; or -errno: -EFAULT where the source was cut or cannot be read, -ENODEV where it cannot
   * be mapped. What lies beyond the end of the source is passed over like a hole: look at its size afterwards. Both descriptors are duplicated
   * before the call returns. Of two calls at a time one brings its pages in while the other writes.
   */
  copyData(source: number, target: number, offset: number, end: number, size: number): Promise<number> | number;

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
   * Whether memory was missing under a mapping: its object was truncated, or a hole could not be filled, and somebody touched
   * it. From then on a part of it shows zeros that nobody else sees, and takes writes that nobody else gets. False for what is no mapping of this addon,
   * and once it was unmapped.
   *
   * That nobody is killed by SIGBUS is the work of a signal handler, installed when the process loads the addon first. A SIGBUS anywhere else goes
   * to the handler that was there before. With the environment variable `RINGWAY_FAULT_GUARD=0` there is none.
   *
   * Who handles SIGBUS later (`process.on('SIGBUS', …)`, another addon) replaces that handler, until {@link Native.renewFaultGuard}; each new mapping
   * calls that, and so do listeners of SIGBUS that come and go, in the thread of `process`.
   *
   * Each page of zeros is a mapping to the kernel, of which a process may have some 65,000: after 64 of them, or 4096 in the process, a fault costs
   * the whole mapping, with what was still there.
   */
  isBroken(buffer: ArrayBuffer): boolean;
  /**
   * One word: how many mappings of this environment have become broken, counted while the instruction that met the fault is still under way. The
   * same array each time. A load of it after an access tells, for a nanosecond, whether to ask {@link Native.isBroken}.
   */
  faults(): Int32Array;
  /**
   * Lets SIGBUS be ours again, where somebody else has handled it meanwhile: that one is given what is no fault of ours, as the one before was. Under 1 us.
   * Nothing without the guard.
   */
  renewFaultGuard(): void;

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
   * `F_OFD_SETLK` of a range: gives all of it this {@link RECORD_MODE}, or changes nothing. A length of 0 reaches to the end of every
   * file. What the description holds there already is converted, and `none` lets it go. 0, or -EAGAIN when somebody else's lock is
   * in the way, or -errno (`EBADF` also for a shared lock without read access, or an exclusive one without write access).
   */
  lockRecord(fd: number, start: number, length: number, mode: number): number;
  /** `F_OFD_GETLK` of a range: who would be in the way of a lock of this mode (one of them), 0 when nobody, or -errno. Takes no lock. */
  queryRecord(fd: number, start: number, length: number, mode: number): RecordHolder | number;
  /**
   * Where the waits of this environment report that they are over: called on the event loop, once a wait. Call once, before the
   * first {@link Native.waitForRecord}; a second call replaces the function.
   */
  onRecordWait(dispatch: (id: number) => void): void;
  /**
   * `F_OFD_SETLKW` in a thread of its own: waits in the kernel's queue until it has the lock. A positive id for
   * {@link Native.endRecordWait}, or -errno (`EAGAIN` when 256 threads of the process wait already, or none can be started). The
   * descriptor must stay open until then.
   *
   * To end the wait the thread is sent a real-time signal, the highest below SIGRTMAX that nobody handled at the first wait. Its
   * handler does nothing, and no other thread is sent it. Where RLIMIT_SIGPENDING leaves no room for that, SIGURG is ours for the moment.
   */
  waitForRecord(fd: number, start: number, length: number, mode: number): number;
  /** Blocks this thread until the wait is over (1), at most `timeoutMs` (0 to 1000) milliseconds (0); or -ENOENT. */
  isRecordWaitOver(id: number, timeoutMs: number): number;
  /**
   * Ends the wait, if it is not over, and forgets it. 0: the lock was got, be it at the last moment, and is the description's; -EINTR:
   * it was not; or the kernel's refusal as -errno; -ENOENT when there is none of this id. Some 50 us.
   */
  endRecordWait(id: number): number;
  /** Keeps the event loop alive while `on`, independent of how many waits there are. Default off. */
  refRecordWaits(on: boolean): void;
  /** How many waits of this environment were begun and not ended. */
  countRecordWaits(): number;

  /** Bytes of a page of memory. */
  posixPageSize(): number;
  /**
   * mmap(2) at an address that the kernel chooses, by the protections and flags of Linux. A positive number that stands for the mapping
   * until {@link Native.posixUnmap} or {@link Native.posixForget}, or -errno: `EINVAL` also for a range behind the last page of the file, `ENODEV` for
   * what is neither a regular file nor /dev/zero. Memory that can be read can always be written without a fault, whatever was asked for: a
   * write without `PROT_WRITE` stays private. A shared mapping keeps a duplicate of the descriptor (`EMFILE`). MADV_DONTFORK.
   */
  posixMap(length: number, prot: number, flags: number, fd: number, offset: number): number;
  /** mmap(2) with `MAP_FIXED` at byte `at` of a mapping, inside it. 0 or -errno. */
  posixMapOver(id: number, at: number, length: number, prot: number, flags: number, fd: number, offset: number): number;
  /**
   * All of the mapping as an external ArrayBuffer, the same one at each call until it was detached. -errno: `EACCES` unless all of it can be read, `ENOENT`
   * for a mapping that is gone, which is so for all calls that take its number. Throws when the runtime refuses external buffers, or one of this size; the mapping is gone then.
   */
  posixBuffer(id: number): ArrayBuffer | number;
  /**
   * munmap(2) of all of it, or of what lies behind its beginning: the ArrayBuffer is detached (as by {@link Native.unmap}), and what is left is seen
   * through another. 0 or -errno (`EINVAL` for another part).
   */
  posixUnmap(id: number, offset: number, length: number): number;
  /** For a mapping that nobody can name any more: unmaps it, or leaves it to its ArrayBuffer. */
  posixForget(id: number): void;
  /**
   * mprotect(2). Without `PROT_READ` only all of it (`EINVAL`), and the ArrayBuffer is detached: the bytes wait at another address until they may
   * be read again. 0 or -errno.
   */
  posixProtect(id: number, offset: number, length: number, prot: number): number;
  /** mlock(2), and munlock(2) unless `locked`. 0 or -errno. */
  posixLock(id: number, offset: number, length: number, locked: boolean): number;
  /** madvise(2); `EINVAL` for advices that could make a page unreachable, or give it to a forked child. 0 or -errno. */
  posixAdvise(id: number, offset: number, length: number, advice: number): number;
  /** msync(2). 0 or -errno. */
  posixSync(id: number, offset: number, length: number, flags: number): number;
  /** msync(2) in libuv's pool, untouched by what happens to the mapping meanwhile. Resolves to 0 or -errno. -errno at once for wrong arguments. */
  posixSyncLater(id: number, offset: number, length: number, flags: number): Promise<number> | number;

  /** shm_open(3). A descriptor, `O_CLOEXEC`, or -errno. */
  posixOpenShared(name: string, oflag: number, mode: number): number;
  /** shm_unlink(3). 0 or -errno. */
  posixUnlinkShared(name: string): number;
  /** memfd_create(2). A descriptor or -errno. */
  posixCreateUnnamed(name: string, flags: number): number;
  /** ftruncate(2). 0 or -errno. */
  posixTruncate(fd: number, length: number): number;
  /** fcntl(2) `F_ADD_SEALS`. 0 or -errno. */
  posixAddSeals(fd: number, seals: number): number;
  /** fcntl(2) `F_GET_SEALS`. The seals or -errno. */
  posixGetSeals(fd: number): number;
  /** close(2) of what {@link Native.posixOpenShared} or {@link Native.posixCreateUnnamed} opened, which the end of the environment closes too. `EBADF` for any other. */
  posixClose(fd: number): number;

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

  /** sched_yield(2): lets others run that wait for this processor. About 0.3 us where nobody does. */
  yield(): void;

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

/** Node.js puts its own handler of a signal in place of ours when the first listener comes, and none when the last one goes. */
function renewFaultGuardWithListeners(native: Native): void {
  const renew = (event: string | symbol): void => {
    if (event === 'SIGBUS') native.renewFaultGuard();
  };
  // Called after Node's own listeners of these events, which were there first.
  process.on('newListener', renew);
  process.on('removeListener', renew);
}

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
    renewFaultGuardWithListeners(loaded);
  }
  return loaded;
}
