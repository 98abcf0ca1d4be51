import { closeSync, constants, ftruncateSync, openSync } from 'node:fs';

/** Linux's value on x64 and arm64, which Node does not name. It includes O_DIRECTORY, whose value differs between the two. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** The page size of every machine that the tests run on; a larger multiple would do as well. */
export const PAGE = 65536;

const opened: number[] = [];

/** Opens a new, unnamed object of shared memory, which nothing can leave behind. {@link closeObjects} closes it. */
export function openObject(bytes: number): number {
  const fd = openSync('/dev/shm', constants.O_RDWR | O_TMPFILE, 0o600);
  opened.push(fd);
  ftruncateSync(fd, bytes);
  return fd;
}

/** Opens an object a second time: another description, whose locks conflict with those of the first. */
export function reopen(fd: number, flags: 'r' | 'r+' = 'r+', pid: number = process.pid): number {
  const other = openSync(`/proc/${pid}/fd/${fd}`, flags);
  opened.push(other);
  return other;
}

/** Closes one descriptor of these before the test ends. */
export function closeObject(fd: number): void {
  opened.splice(opened.indexOf(fd), 1);
  closeSync(fd);
}

/** For `afterEach`. */
export function closeObjects(): void {
  for (const fd of opened.splice(0)) closeSync(fd);
}
