import { constants } from 'node:os';

import { adoptMapping, GONE, internalsOf } from './mapping.js';
import type { Mapping } from './mapping.js';
import { native } from './platform.js';
import { isPlace, resolvePlace } from './posix-arguments.js';
import type { Place } from './posix-arguments.js';
import {
  MAP_ANONYMOUS,
  MAP_HUGETLB,
  MAP_LOCKED,
  MAP_NONBLOCK,
  MAP_POPULATE,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
} from './posix-constants.js';
import { PosixError, errnoName } from './posix-error.js';
import { whyNotAdvised, whyNotMapped, whyNotProtected, whyNotSynced, whyNotUnmapped } from './posix-explain.js';
import { whyNoMemory } from './space.js';

/** What the manual has for addresses that are not mapped (any more). */
const UNMAPPED = -constants.errno.ENOMEM;
/** More memory than there is. */
const NO_MEMORY = -constants.errno.ENOMEM;
/** The same where the address is the one to map at, or to unmap. */
const NO_ADDRESS = -constants.errno.EINVAL;

/** Bytes of a page of memory, in which everything below is counted. */
export function getpagesize(): number {
  return native().posixPageSize();
}

/**
 * Maps a file, or memory without one: mmap(2).
 *
 * Errors: {@link PosixError} `EACCES` (the descriptor was not opened for this), `EAGAIN` (`MAP_LOCKED` over the limit),
 * `EBADF`, `EINVAL`, `EMFILE`, `ENODEV` (neither a regular file nor /dev/zero), `ENOMEM`, `EOVERFLOW`, `EPERM` (a seal,
 * or a file system without execution); `TypeError` and `RangeError` for what is no number of the kind. Some 5 us; a
 * shared mapping keeps a descriptor of its own, and costs three times that. What brings new memory in at once
 * (`MAP_POPULATE`, `MAP_LOCKED`) looks before whether there is so much, on the machine and under the limits of the
 * memory cgroup, and else throws `ENOMEM`: some 30 us more. The kernel would not refuse it, but kill.
 *
 * @param addr - null, and the kernel chooses; or, with `MAP_FIXED`, an address in a mapping of Ringway, where the range
 *   replaces what is there
 * @param length - bytes, from 1 on, not beyond the last page of the file
 * @param prot - `PROT_READ`, `PROT_WRITE`, `PROT_EXEC` or-ed, or `PROT_NONE`
 * @param flags - `MAP_SHARED` or `MAP_PRIVATE`, or-ed with other flags
 * @param fd - an open descriptor, which may be closed afterwards; ignored with `MAP_ANONYMOUS`
 * @param offset - first byte in the file, a multiple of the page size
 * @returns the mapping; with `MAP_FIXED` the one that `addr` lies in
 */
export function mmap(
  addr: Place | null,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
): Mapping {
  return mapMemory(addr, length, prot, flags, fd, offset, undefined);
}

/** As {@link mmap}, for a file whose path is known. */
export function mapMemory(
  addr: Place | null,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  offset: number,
  path: string | undefined,
): Mapping {
  const addon = native();
  if (addr !== null && !isPlace(addr)) {
    throw new TypeError('"addr" must be null, a Mapping, or an address in one: mapping.at(offset)');
  }
  const at = addr === null ? null : resolvePlace(addr);
  if (at !== null) internalsOf(at.mapping).assertIntact();
  checkMemory(length, prot, flags, path);
  const result =
    at === null
      ? addon.posixMap(length, prot, flags, fd, offset)
      : addon.posixMapOver(internalsOf(at.mapping).id, at.offset, length, prot, flags, fd, offset);
  if (result < 0) {
    if (at !== null && errnoName(result) === GONE) throw refused(result, 'mmap', at.mapping, undefined, NO_ADDRESS);
    const why =
      errnoName(result) === 'EINVAL' ? whyNotMapped(addon, { at, length, prot, flags, fd, offset }) : undefined;
    throw new PosixError(result, 'mmap', path, why);
  }
  return at === null ? adoptMapping(addon, { id: result, length, path }) : at.mapping;
}

/** Throws `ENOMEM` for more memory than there is, where the call would bring it in at once: the kernel kills instead of refusing. */
function checkMemory(length: number, prot: number, flags: number, path: string | undefined): void {
  const needed = broughtIn(length, prot, flags);
  const why = needed === 0 ? undefined : whyNoMemory(needed, (flags & MAP_LOCKED) !== 0);
  if (why !== undefined) throw new PosixError(NO_MEMORY, 'mmap', path, why);
}

/** Bytes of new memory that `mmap` brings in at once. Pages of a file do not count: the kernel can write them back, and drop them. */
function broughtIn(length: number, prot: number, flags: number): number {
  // What is no number of the kind is refused by the addon.
  if (!(Number.isSafeInteger(length) && Number.isInteger(prot) && Number.isInteger(flags))) return 0;
  const populated = (flags & MAP_POPULATE) !== 0 && (flags & MAP_NONBLOCK) === 0;
  if (!populated && (flags & MAP_LOCKED) === 0) return 0;
  // Huge pages come from a pool of their own.
  if ((flags & MAP_HUGETLB) !== 0) return 0;
  // Without writing, private memory is the one page of zeros, or the file's.
  const fresh =
    (flags & MAP_PRIVATE) !== 0
      ? (prot & PROT_WRITE) !== 0
      : (flags & MAP_ANONYMOUS) !== 0 && (prot & (PROT_READ | PROT_WRITE)) !== 0;
  return fresh ? Math.max(length, 0) : 0;
}

/**
 * Ends a mapping, or cuts its end off: munmap(2). Its ArrayBuffer is detached: views that were taken have length 0 from
 * here on. After a cut, `mapping.bytes` shows what is left, at another address.
 *
 * Errors: {@link PosixError} `EINVAL` for the beginning or the middle of a mapping, or one that was unmapped before.
 */
export function munmap(addr: Place, length: number): void {
  const addon = native();
  const { mapping, offset } = resolvePlace(addr);
  const internals = internalsOf(mapping);
  // The whole may go in any state, a part of what is truncated would hide that it is.
  if (offset > 0 && !internals.isGone()) internals.assertIntact();
  const result = addon.posixUnmap(internals.id, offset, length);
  if (result < 0)
    throw refused(result, 'munmap', mapping, whyNotUnmapped(getpagesize(), offset, length, mapping.length), NO_ADDRESS);
  if (offset > 0) internals.markCut(offset);
  else internals.markClosed();
}

/**
 * Changes what may be done with a part of a mapping: mprotect(2). Without `PROT_READ` it must be all of the mapping:
 * its ArrayBuffer is detached, and the contents are kept until they may be read again. Without `PROT_WRITE` a write
 * stays private and is lost when writing is allowed again.
 *
 * Errors: {@link PosixError} `EACCES` (the file was not opened for this), `EINVAL`, `ENOMEM`; `EBADF` when somebody
 * closed the descriptor of the mapping.
 */
export function mprotect(addr: Place, length: number, prot: number): void {
  const { mapping, offset } = resolvePlace(addr);
  const result = onMapping(mapping, (id) => native().posixProtect(id, offset, length, prot));
  if (result < 0)
    throw refused(result, 'mprotect', mapping, whyNotProtected(getpagesize(), offset, length, prot, mapping.length));
}

/**
 * Writes what was changed in a shared mapping to its file: msync(2). With `MS_SYNC` this thread waits for the disk:
 * {@link msyncAsync} does not.
 *
 * Errors: {@link PosixError} `EBUSY` (`MS_INVALIDATE` of locked pages), `EINVAL`, `EIO`, `ENOMEM`.
 */
export function msync(addr: Place, length: number, flags: number): void {
  const { mapping, offset } = resolvePlace(addr);
  const result = onMapping(mapping, (id) => native().posixSync(id, offset, length, flags));
  if (result < 0) throw refused(result, 'msync', mapping, whyNotSynced(getpagesize(), offset, flags));
}

/** As {@link msync}, off the event loop. What happens to the mapping meanwhile does not reach it. */
export async function msyncAsync(addr: Place, length: number, flags: number): Promise<void> {
  const { mapping, offset } = resolvePlace(addr);
  const { path } = internalsOf(mapping);
  const begun = onMapping(mapping, (id) => native().posixSyncLater(id, offset, length, flags));
  if (typeof begun === 'number') throw refused(begun, 'msync', mapping, whyNotSynced(getpagesize(), offset, flags));
  const result = await begun;
  if (result < 0) throw new PosixError(result, 'msync', path);
}

/**
 * Brings pages into memory and keeps them there: mlock(2).
 *
 * Errors: {@link PosixError} `EAGAIN`, `ENOMEM` (over the limit `RLIMIT_MEMLOCK`, or not mapped), `EPERM` (no limit to
 * be under).
 */
export function mlock(addr: Place, length: number): void {
  setLocked('mlock', addr, length, true);
}

/** Takes back {@link mlock}: munlock(2). */
export function munlock(addr: Place, length: number): void {
  setLocked('munlock', addr, length, false);
}

function setLocked(syscall: string, addr: Place, length: number, locked: boolean): void {
  const { mapping, offset } = resolvePlace(addr);
  const result = onMapping(mapping, (id) => native().posixLock(id, offset, length, locked));
  if (result < 0) throw refused(result, syscall, mapping, undefined);
}

/**
 * Tells the kernel how the memory will be used: madvise(2).
 *
 * Errors: {@link PosixError} as in the manual; `EINVAL` also for `MADV_DOFORK`, `MADV_HWPOISON`, `MADV_GUARD_INSTALL`
 * and their like.
 */
export function madvise(addr: Place, length: number, advice: number): void {
  const { mapping, offset } = resolvePlace(addr);
  const result = onMapping(mapping, (id) => native().posixAdvise(id, offset, length, advice));
  if (result < 0) throw refused(result, 'madvise', mapping, whyNotAdvised(getpagesize(), offset, advice));
}

function onMapping<T>(mapping: Mapping, call: (id: number) => T): T {
  const internals = internalsOf(mapping);
  // What has ended is not there for the kernel either; the addon checks the arguments all the same.
  if (!internals.isGone()) internals.assertIntact();
  return call(internals.id);
}

function refused(
  result: number,
  syscall: string,
  mapping: Mapping,
  why: string | undefined,
  gone = UNMAPPED,
): PosixError {
  const { path } = internalsOf(mapping);
  const code = errnoName(result);
  if (code === GONE) return new PosixError(gone, syscall, path, 'it was unmapped, or its ArrayBuffer was transferred');
  if (code === 'ENOMEM') return new PosixError(result, syscall, path, `the mapping has ${mapping.length} bytes`);
  return new PosixError(result, syscall, path, code === 'EINVAL' ? why : undefined);
}
