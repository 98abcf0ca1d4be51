import { constants } from 'node:os';

import { native } from './platform.js';
import { F_ADD_SEALS, F_GET_SEALS, O_RDWR } from './posix-constants.js';
import { PosixError, errnoName } from './posix-error.js';

/**
 * Opens shared memory by name, or makes it: shm_open(3). The name is used as it is: `RINGWAY_NAMESPACE` and
 * `RINGWAY_DIR` are not for this.
 *
 * Errors: {@link PosixError} `EACCES`, `EEXIST`, `EINVAL`, `EMFILE`, `ENAMETOOLONG`, `ENOENT`.
 *
 * @param name - `/` and up to 255 characters without another `/`
 * @param oflag - `O_RDONLY` or `O_RDWR`, or-ed with `O_CREAT`, `O_EXCL`, `O_TRUNC`
 * @param mode - permission bits of what is made, less the umask
 * @returns a descriptor, to be closed by {@link close}; at the latest it is closed with its worker or process
 */
export function shm_open(name: string, oflag: number, mode = 0): number {
  const result = native().posixOpenShared(name, oflag, mode);
  if (result >= 0) return result;
  const known = `a name is "/" and 1 to 255 characters without another "/"; "oflag" is O_RDONLY or O_RDWR (${O_RDWR}), with O_CREAT, O_EXCL, O_TRUNC`;
  throw new PosixError(result, 'shm_open', name, errnoName(result) === 'EINVAL' ? known : undefined);
}

/**
 * Removes a name of shared memory: shm_unlink(3). Who has it open or mapped goes on.
 *
 * Errors: {@link PosixError} `EACCES`, `EINVAL`, `ENAMETOOLONG`, `ENOENT`.
 */
export function shm_unlink(name: string): void {
  const result = native().posixUnlinkShared(name);
  if (result < 0) throw new PosixError(result, 'shm_unlink', name);
}

/**
 * Sets the length of a file or of shared memory: ftruncate(2). What is mapped beyond a new end is missing from then on:
 * who touches it sees zeros and hears `ERR_RINGWAY_SEGMENT_TRUNCATED`.
 *
 * Errors: {@link PosixError} `EBADF`, `EFBIG`, `EINVAL` (negative, or not open for writing), `EPERM` (a seal).
 */
export function ftruncate(fd: number, length: number): void {
  const result = native().posixTruncate(fd, length);
  if (result < 0) throw new PosixError(result, 'ftruncate');
}

/**
 * Makes a file of memory without a name: memfd_create(2). Its descriptor can be handed to a child process (`stdio`).
 *
 * Errors: {@link PosixError} `EINVAL`, `EMFILE`, `ENOMEM`, `EPERM`.
 *
 * @param name - for people, in `/proc/self/fd`; up to 249 bytes
 * @param flags - `MFD_CLOEXEC`, `MFD_ALLOW_SEALING`, … or-ed
 * @returns a descriptor, to be closed by {@link close}; at the latest it is closed with its worker or process
 */
export function memfd_create(name: string, flags: number): number {
  const result = native().posixCreateUnnamed(name, flags);
  if (result < 0) throw new PosixError(result, 'memfd_create');
  return result;
}

/**
 * Sets or tells the seals of memory without a name: fcntl(2), with `F_ADD_SEALS` or `F_GET_SEALS`.
 *
 * Errors: {@link PosixError} `EBADF`, `EBUSY` (it is mapped shared and writable), `EINVAL` (another command, or what
 * cannot be sealed), `EPERM`.
 *
 * @returns the seals for `F_GET_SEALS`, else 0
 */
export function fcntl(fd: number, command: number, seals = 0): number {
  if (command !== F_ADD_SEALS && command !== F_GET_SEALS) {
    if (typeof command !== 'number') throw new TypeError(`"command" must be a number, not a ${typeof command}`);
    throw new PosixError(-constants.errno.EINVAL, 'fcntl', undefined, 'the commands are F_ADD_SEALS and F_GET_SEALS');
  }
  const addon = native();
  const result = command === F_ADD_SEALS ? addon.posixAddSeals(fd, seals) : addon.posixGetSeals(fd);
  if (result < 0) throw new PosixError(result, 'fcntl');
  return result;
}

/**
 * Closes a descriptor of {@link shm_open} or {@link memfd_create}: close(2). Mappings of it live on.
 *
 * Errors: {@link PosixError} `EBADF`, also for any other descriptor: what `node:fs` opened, `node:fs` closes.
 */
export function close(fd: number): void {
  const result = native().posixClose(fd);
  if (result === 0) return;
  const why = 'it was not opened by shm_open or memfd_create of this thread, or was closed';
  throw new PosixError(result, 'close', undefined, errnoName(result) === 'EBADF' ? why : undefined);
}
