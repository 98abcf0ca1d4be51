/**
 * The constants of the C headers, which are the same numbers on Linux for x64 and arm64 (those of `open` are not, and
 * come from Node.js).
 */
import { constants } from 'node:fs';

/** Open for reading only: `shm_open`. */
export const O_RDONLY: number = constants.O_RDONLY;
/** Open for reading and writing: `shm_open`. */
export const O_RDWR: number = constants.O_RDWR;
/** Make it if there is none. */
export const O_CREAT: number = constants.O_CREAT;
/** With {@link O_CREAT}: fail with `EEXIST` if there is one. */
export const O_EXCL: number = constants.O_EXCL;
/** Cut it to length 0. */
export const O_TRUNC: number = constants.O_TRUNC;

/** No access. */
export const PROT_NONE = 0x0;
/** Bytes may be read. */
export const PROT_READ = 0x1;
/** Bytes may be written. */
export const PROT_WRITE = 0x2;
/** Bytes may be executed. */
export const PROT_EXEC = 0x4;

/** Writes go through to the file, and to everybody who maps it. */
export const MAP_SHARED = 0x01;
/** Writes go to a private copy of the page. */
export const MAP_PRIVATE = 0x02;
/** Take exactly the address given, and replace what is there. */
export const MAP_FIXED = 0x10;
/** No file: zeros. */
export const MAP_ANONYMOUS = 0x20;
/** Old name of {@link MAP_ANONYMOUS}. */
export const MAP_ANON = MAP_ANONYMOUS;
/** Grow downwards as a stack does; refused. */
export const MAP_GROWSDOWN = 0x100;
/** Lock the pages in memory, as `mlock` does. */
export const MAP_LOCKED = 0x2000;
/** Set no swap space aside. */
export const MAP_NORESERVE = 0x4000;
/** Bring the pages in at once. */
export const MAP_POPULATE = 0x8000;
/** With {@link MAP_POPULATE}: read nothing ahead. */
export const MAP_NONBLOCK = 0x10000;
/** Without a meaning on Linux. */
export const MAP_STACK = 0x20000;
/** Of huge pages. The length is a multiple of theirs. */
export const MAP_HUGETLB = 0x40000;
/** Where the logarithm of the size of huge pages stands in the flags. */
export const MAP_HUGE_SHIFT = 26;
/** With {@link MAP_HUGETLB}: pages of 2 MiB. */
export const MAP_HUGE_2MB: number = 21 << MAP_HUGE_SHIFT;
/** With {@link MAP_HUGETLB}: pages of 1 GiB. */
export const MAP_HUGE_1GB: number = 30 << MAP_HUGE_SHIFT;
/** Take the address given, if nothing is there; refused. */
export const MAP_FIXED_NOREPLACE = 0x100000;

/** Begin to write, and do not wait. */
export const MS_ASYNC = 1;
/** Let other mappings of the file see what was written; they do on Linux. `EBUSY` if pages are locked. */
export const MS_INVALIDATE = 2;
/** Write, and wait until it is done. */
export const MS_SYNC = 4;

/** No advice. */
export const MADV_NORMAL = 0;
/** Pages will be needed in random order. */
export const MADV_RANDOM = 1;
/** Pages will be needed one after the other. */
export const MADV_SEQUENTIAL = 2;
/** Read ahead. */
export const MADV_WILLNEED = 3;
/** Drop the pages; private changes are lost. */
export const MADV_DONTNEED = 4;
/** Drop the pages when memory is short; private anonymous memory only. */
export const MADV_FREE = 8;
/** Punch a hole into the object. */
export const MADV_REMOVE = 9;
/** Keep the pages from forked children, as every mapping of Ringway does. */
export const MADV_DONTFORK = 10;
/** Takes back {@link MADV_DONTFORK}; refused. */
export const MADV_DOFORK = 11;
/** Share pages with the same contents. */
export const MADV_MERGEABLE = 12;
/** Takes back {@link MADV_MERGEABLE}. */
export const MADV_UNMERGEABLE = 13;
/** Use huge pages where possible. */
export const MADV_HUGEPAGE = 14;
/** Use no huge pages. */
export const MADV_NOHUGEPAGE = 15;
/** Leave the pages out of core dumps. */
export const MADV_DONTDUMP = 16;
/** Takes back {@link MADV_DONTDUMP}. */
export const MADV_DODUMP = 17;
/** Forked children see zeros. */
export const MADV_WIPEONFORK = 18;
/** Takes back {@link MADV_WIPEONFORK}. */
export const MADV_KEEPONFORK = 19;
/** The first to go when memory is short. */
export const MADV_COLD = 20;
/** Write the pages out, and give the memory back. */
export const MADV_PAGEOUT = 21;
/** Bring the pages in for reading; reports what would else be a fault. */
export const MADV_POPULATE_READ = 22;
/** Bring the pages in for writing; reports what would else be a fault. */
export const MADV_POPULATE_WRITE = 23;
/** As {@link MADV_DONTNEED}, of locked pages too. */
export const MADV_DONTNEED_LOCKED = 24;
/** Make huge pages of these now. */
export const MADV_COLLAPSE = 25;
/** Poison a page, for tests of the kernel; refused. */
export const MADV_HWPOISON = 100;
/** Make pages that kill who touches them; refused. */
export const MADV_GUARD_INSTALL = 102;

/** Close the descriptor when another program is executed. */
export const MFD_CLOEXEC = 0x1;
/** Seals may be set. */
export const MFD_ALLOW_SEALING = 0x2;
/** Of huge pages. */
export const MFD_HUGETLB = 0x4;
/** Not executable, which is sealed. */
export const MFD_NOEXEC_SEAL = 0x8;
/** Executable. */
export const MFD_EXEC = 0x10;

/** Command of `fcntl`: set more seals. */
export const F_ADD_SEALS = 1033;
/** Command of `fcntl`: tell the seals. */
export const F_GET_SEALS = 1034;
/** No more seals. */
export const F_SEAL_SEAL = 0x1;
/** It cannot get shorter. */
export const F_SEAL_SHRINK = 0x2;
/** It cannot get longer. */
export const F_SEAL_GROW = 0x4;
/** Nobody can write into it. `EBUSY` while somebody maps it shared and writable. */
export const F_SEAL_WRITE = 0x8;
/** Nobody can write into it but through mappings that are there already. */
export const F_SEAL_FUTURE_WRITE = 0x10;
/** It cannot be made executable or the reverse. */
export const F_SEAL_EXEC = 0x20;
