import { statfsSync } from 'node:fs';

import { RingwayError } from './errors.js';
import { availableMemory } from './machine-memory.js';
import { MemoryCgroups } from './memory-cgroup.js';
import { codeOf } from './posix-error.js';

/** File systems whose contents are memory, and count against the memory cgroup: tmpfs and ramfs. */
const MEMORY_FILE_SYSTEMS: readonly number[] = [0x01021994, 0x858458f6];

const cgroups = new MemoryCgroups('/');

const MIB = 1024 * 1024;

function megabytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(bytes < 100 * MIB ? 2 : 0)} MiB (${bytes} bytes)`;
}

/** Free bytes of the file system that holds `directory`, or undefined where it has no limit of its own. */
function freeBytes(directory: string): { free: number | undefined; inMemory: boolean } {
  const stats = statfsSync(directory);
  // A tmpfs without a limit tells zero blocks altogether.
  const free = stats.blocks === 0 ? undefined : stats.bavail * stats.bsize;
  return { free, inMemory: MEMORY_FILE_SYSTEMS.includes(stats.type) };
}

/**
 * Looks whether `needed` bytes more fit into the file system of `directory` and under the limits of the memory cgroup, before
 * anything is reserved. Throws `ERR_RINGWAY_NO_SPACE` with both numbers. Costs some 10 us, and more where a cgroup limits memory.
 */
export function checkRoom(directory: string, needed: number): void {
  const { free, inMemory } = freeBytes(directory);
  if (free !== undefined && free < needed) throw noSpace(directory, needed, free);
  const short = inMemory ? cgroups.shortage(needed) : undefined;
  if (short !== undefined) {
    throw new RingwayError(
      'ERR_RINGWAY_NO_SPACE',
      `not enough memory for this process: ${megabytes(needed)} needed, ${megabytes(short.available)} available under the ` +
        `limit of the memory cgroup ${short.group}. Ask for less, or raise the limit (docker run --memory)`,
    );
  }
}

/**
 * Why `needed` bytes of memory are more than this process can have now, or undefined: the kernel would not refuse them, but kill somebody
 * while they are brought in. Some 30 us, and more where a cgroup limits memory.
 *
 * @param locked - whether they cannot be swapped out
 */
export function whyNoMemory(needed: number, locked: boolean): string | undefined {
  const short = cgroups.shortage(needed);
  if (short !== undefined) {
    return (
      `${megabytes(needed)} needed, ${megabytes(short.available)} available under the limit of the memory cgroup ` +
      short.group
    );
  }
  const available = availableMemory(!locked);
  if (available === undefined || available >= needed) return undefined;
  return `${megabytes(needed)} needed, ${megabytes(available)} available on this machine`;
}

/**
 * Turns a refusal for want of space that came in spite of {@link checkRoom} (somebody was faster) into
 * `ERR_RINGWAY_NO_SPACE`; any other error is returned as it is.
 */
export function explainNoSpace(error: unknown, directory: string, needed: number): unknown {
  const code = codeOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return noSpace(directory, needed, freeBytes(directory).free, error);
}

function noSpace(directory: string, needed: number, free: number | undefined, cause?: unknown): RingwayError {
  const available = free === undefined ? 'no room' : megabytes(free);
  return new RingwayError(
    'ERR_RINGWAY_NO_SPACE',
    `not enough space in ${directory}: ${megabytes(needed)} needed, ${available} available. Remove what is not needed, ask for ` +
      'less, or enlarge it (mount -o remount,size=…; in a container docker run --shm-size=1g)',
    cause === undefined ? undefined : { cause },
  );
}
