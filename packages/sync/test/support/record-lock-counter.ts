import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { RecordLock } from '@ringway/sync';

const BYTES = 8;
/** The bytes of the number itself. */
const COUNTER = { start: 0, length: BYTES };

function load(fd: number): number {
  const bytes = Buffer.alloc(BYTES);
  readSync(fd, bytes, 0, BYTES, 0);
  return bytes.readDoubleLE();
}

/**
 * Adds 1 to the number in the file, so many times, by two system calls that only the lock makes one. Blocking and
 * awaited in turns.
 */
export async function increment(locks: RecordLock, path: string, times: number): Promise<void> {
  const fd = openSync(path, 'r+');
  try {
    for (let i = 0; i < times; i += 1) {
      const guard = i % 2 === 0 ? await locks.acquire(COUNTER) : locks.acquireSync(COUNTER);
      const bytes = Buffer.alloc(BYTES);
      bytes.writeDoubleLE(load(fd) + 1);
      writeSync(fd, bytes, 0, BYTES, 0);
      guard.release();
    }
  } finally {
    closeSync(fd);
  }
}

/** The number in the file. */
export function readCounter(path: string): number {
  const fd = openSync(path, 'r');
  try {
    return load(fd);
  } finally {
    closeSync(fd);
  }
}
