/**
 * The calls of POSIX shared memory, with the names, arguments and order of the C manual. `docs/posix.md` maps each call
 * of C to its own, and says where JavaScript needs another shape.
 */
export * from './posix-constants.js';
export { copy } from './posix-copy.js';
export type { Memory } from './posix-copy.js';
export type { Place } from './posix-arguments.js';
export { getpagesize, madvise, mlock, mmap, mprotect, msync, msyncAsync, munlock, munmap } from './posix-memory.js';
export { close, fcntl, ftruncate, memfd_create, shm_open, shm_unlink } from './posix-objects.js';
