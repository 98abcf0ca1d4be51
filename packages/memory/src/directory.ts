import { closeSync, constants, ftruncateSync, openSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Native } from '@ringway/native';

import { RingwayError } from './errors.js';
import { SIZE_UNIT } from './header-layout.js';
import { BIRTH_LOCK } from './lock-layout.js';
import { PosixError, codeOf, errnoName } from './posix-error.js';
import { TemporaryFile } from './temporary-file.js';

/** `O_TMPFILE`, which `node:fs` does not name: the same bit on x64 and arm64, together with `O_DIRECTORY`, which differs. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** What `open` says where the kernel or the file system does not know O_TMPFILE (see open(2)). */
const NO_TMPFILE: readonly (string | undefined)[] = ['EOPNOTSUPP', 'EISDIR', 'ENOENT', 'EINVAL'];

/** Memory mapped from these is shared with nobody, or with others by luck: the file is on another host, or behind a protocol. */
const REMOTE_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x01021997, '9P'],
]);

/** What a directory's file system can do. */
export interface DirectoryAbilities {
  /** Whether objects can be made without a name (O_TMPFILE). */
  readonly unnamed: boolean;
}

const known = new Map<number, DirectoryAbilities>();

/** Opens an unnamed object in `directory`. Errors as `node:fs` throws them. */
export function openUnnamed(directory: string): number {
  return openSync(directory, O_TMPFILE | constants.O_RDWR, 0o600);
}

/**
 * Probes, once for each file system, whether segments can live in `directory`: a local file system with OFD locks and punch hole.
 * Errors: `ERR_RINGWAY_UNSUPPORTED_DIR`, and those of `node:fs` (`EACCES`, …).
 */
export function directoryAbilities(native: Native, directory: string): DirectoryAbilities {
  const device = deviceOf(directory);
  let abilities = known.get(device);
  if (abilities === undefined) {
    const remote = REMOTE_FILE_SYSTEMS.get(statfsSync(directory).type);
    if (remote !== undefined) {
      throw unsupported(directory, `${remote} is not a local file system, its memory is not shared between processes`);
    }
    abilities = probe(native, directory);
    known.set(device, abilities);
  }
  return abilities;
}

/** The error for a directory where a needed call is refused for good. */
export function unsupported(directory: string, why: string, cause?: unknown): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_UNSUPPORTED_DIR',
    `segments cannot live in ${directory}: ${why}. Choose a directory on tmpfs or on a local disk (dir, RINGWAY_DIR)`,
    cause === undefined ? undefined : { cause },
  );
}

function deviceOf(directory: string): number {
  try {
    const stats = statSync(directory);
    if (!stats.isDirectory()) throw unsupported(directory, 'it is not a directory');
    return stats.dev;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw unsupported(directory, 'it does not exist', error);
    throw error;
  }
}

function probe(native: Native, directory: string): DirectoryAbilities {
  let fd: number;
  try {
    fd = openUnnamed(directory);
  } catch (error) {
    if (!NO_TMPFILE.includes(codeOf(error))) throw error;
    const file = TemporaryFile.create(native, directory);
    try {
      probeCalls(native, directory, file.fd);
    } finally {
      file.removeName();
      closeSync(file.fd);
    }
    return { unnamed: false };
  }
  try {
    probeCalls(native, directory, fd);
  } finally {
    closeSync(fd);
  }
  return { unnamed: true };
}

function probeCalls(native: Native, directory: string, fd: number): void {
  ftruncateSync(fd, SIZE_UNIT);
  const calls: readonly (readonly [name: string, result: number])[] = [
    ['fallocate', native.reserve(fd, 0, SIZE_UNIT)],
    ['punching holes', native.punch(fd, 0, SIZE_UNIT)],
    ['OFD locks', native.lock(fd, BIRTH_LOCK)],
  ];
  for (const [name, result] of calls) {
    // A full device has the call all the same: whoever needs room is told so where it asks for room.
    if (result === 0 || errnoName(result) === 'ENOSPC' || errnoName(result) === 'EDQUOT') continue;
    throw unsupported(directory, `its file system refuses ${name}`, new PosixError(result, name, directory));
  }
}

/** The error for a refused file lock: a file system that has none, or the system's own words. */
export function lockRefused(errno: number, path: string): Error {
  const cause = new PosixError(errno, 'fcntl', path);
  const noLocks = ['EINVAL', 'ENOLCK', 'EOPNOTSUPP', 'ENOSYS'].includes(cause.code);
  return noLocks ? unsupported(dirname(path), 'its file system refuses OFD locks', cause) : cause;
}
