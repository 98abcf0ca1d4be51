/** What is known of the cause when the kernel says EINVAL, the least telling of its answers. */
import { fstatSync } from 'node:fs';
import type { Native } from '@ringway/native';

import type { Mapping } from './mapping.js';
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_PRIVATE,
  MAP_SHARED,
  MS_ASYNC,
  MS_SYNC,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from './posix-constants.js';

/** Where a mapping is asked for. */
export interface AskedMapping {
  readonly at: { readonly mapping: Mapping; readonly offset: number } | null;
  readonly length: number;
  readonly prot: number;
  readonly flags: number;
  readonly fd: number;
  readonly offset: number;
}

/** Why `mmap` may have said EINVAL. */
export function whyNotMapped(native: Native, asked: AskedMapping): string | undefined {
  const { length, flags, fd, offset } = asked;
  const page = native.posixPageSize();
  if (length === 0) return '"length" must not be 0';
  if (offset % page !== 0) return misaligned('offset', offset, page);
  if (Boolean(flags & MAP_SHARED) === Boolean(flags & MAP_PRIVATE)) {
    return 'exactly one of MAP_SHARED and MAP_PRIVATE must be given';
  }
  if ((flags & (MAP_GROWSDOWN | MAP_FIXED_NOREPLACE)) !== 0) {
    return 'MAP_GROWSDOWN and MAP_FIXED_NOREPLACE are refused: only the kernel, or MAP_FIXED inside of a mapping, chooses an address';
  }
  return whyNotThere(asked, page) ?? whyNotInFile(fd, offset, length, flags, page);
}

function whyNotThere({ at, length, prot, flags }: AskedMapping, page: number): string | undefined {
  const fixed = (flags & MAP_FIXED) !== 0;
  if (at === null) return fixed ? '"addr" must be an address in a mapping when MAP_FIXED is given' : undefined;
  if (!fixed) return '"addr" must be null without MAP_FIXED: a mere hint is refused';
  if (at.offset % page !== 0) return misaligned('addr', at.offset, page);
  if (at.offset + length > pagesOf(at.mapping.length, page)) {
    return `MAP_FIXED of ${length} bytes at ${at.offset} is not inside of the mapping, which has ${at.mapping.length}`;
  }
  return (prot & PROT_READ) !== 0 ? undefined : WHOLE_ONLY;
}

/** A file that is too short; undefined for what is no such file. */
function whyNotInFile(fd: number, offset: number, length: number, flags: number, page: number): string | undefined {
  if ((flags & MAP_ANONYMOUS) !== 0) return undefined;
  const size = sizeOf(fd);
  if (size === undefined || offset + length <= pagesOf(size, page)) return undefined;
  return (
    `${length} bytes from ${offset} reach beyond the last page of the file, which has ${size} bytes: ` +
    'to touch them would be a fault (SIGBUS). Enlarge it first (ftruncate)'
  );
}

/** Size of an open file; undefined for what is none, which is not the cause that is looked for. */
function sizeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).size;
  } catch {
    return undefined;
  }
}

const MOVED = 'what was looked at must be moved, which takes Linux 5.13 or later, and no huge pages';

const WHOLE_ONLY =
  'a part of a mapping cannot lose PROT_READ, since its ArrayBuffer shows all of it: map that part on its own, or protect the whole';

/** Why `mprotect` may have said EINVAL. */
export function whyNotProtected(
  page: number,
  offset: number,
  length: number,
  prot: number,
  size: number,
): string | undefined {
  if (offset % page !== 0) return misaligned('addr', offset, page);
  if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC)) !== 0) return 'a protection is unknown';
  if ((prot & PROT_READ) !== 0) return undefined;
  return offset === 0 && pagesOf(length, page) === pagesOf(size, page) ? MOVED : WHOLE_ONLY;
}

/** Why `munmap` may have said EINVAL. */
export function whyNotUnmapped(page: number, offset: number, length: number, size: number): string {
  if (length === 0) return '"length" must not be 0';
  if (offset % page !== 0) return misaligned('addr', offset, page);
  if (offset > 0 && pagesOf(offset + length, page) === pagesOf(size, page)) return MOVED;
  return `only a whole mapping or its end can be unmapped: ${length} bytes from ${offset} are neither, the mapping has ${size}`;
}

/** Why `msync` may have said EINVAL. */
export function whyNotSynced(page: number, offset: number, flags: number): string | undefined {
  if (offset % page !== 0) return misaligned('addr', offset, page);
  const both = MS_SYNC | MS_ASYNC;
  return (flags & both) === 0 || (flags & both) === both
    ? 'exactly one of MS_SYNC and MS_ASYNC must be given'
    : undefined;
}

/** Why `madvise` may have said EINVAL. */
export function whyNotAdvised(page: number, offset: number, advice: number): string {
  if (offset % page !== 0) return misaligned('addr', offset, page);
  return `advice ${advice} is unknown, not for this memory, or refused since it could make pages unreachable or give them to a child`;
}

function misaligned(name: string, value: number, page: number): string {
  return `"${name}" must be at a multiple of the page size, ${page}, not ${value}`;
}

function pagesOf(bytes: number, page: number): number {
  return Math.ceil(bytes / page) * page;
}
