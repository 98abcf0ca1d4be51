import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordLock, type RecordLockOptions } from '@ringway/sync';

/** Files to lock, and the handles that a test has opened. */
export class LockScratch {
  readonly #open: RecordLock[] = [];
  readonly #directories: string[] = [];

  /** A new file of that many zeros. */
  file(bytes = 0): string {
    const directory = mkdtempSync(join(tmpdir(), 'ringway-record-'));
    this.#directories.push(directory);
    const path = join(directory, 'file');
    writeFileSync(path, new Uint8Array(bytes));
    return path;
  }

  /** Opens a handle that is closed at the end. */
  open(target: string | { readonly fd: number }, options?: RecordLockOptions): RecordLock {
    const locks = RecordLock.open(target, options);
    this.#open.push(locks);
    return locks;
  }

  /** For `afterEach`. */
  clean(): void {
    for (const locks of this.#open.splice(0)) locks.close();
    for (const directory of this.#directories.splice(0)) rmSync(directory, { recursive: true, force: true });
  }
}

/** Descriptors of this process that lead to the file. */
export function descriptorsOf(path: string): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => unlessGone(() => readlinkSync(`/proc/self/fd/${fd}`)) === path);
}

/** Resolves when no thread of this process waits for record locks; one that was joined is listed for another moment. */
export async function noWaitThreads(): Promise<void> {
  while (countWaitThreads() > 0) await new Promise((resolve) => setImmediate(resolve));
}

function countWaitThreads(): number {
  return readdirSync('/proc/self/task').filter(
    (id) => unlessGone(() => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim()) === 'ringway-record',
  ).length;
}

/** What is listed may be gone when it is looked at. */
function unlessGone(read: () => string): string | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
