import { closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runName } from './names.js';

/** Where POSIX shared memory is found as files. */
export const SHARED_MEMORY = '/dev/shm';

/** The number of the first descriptor that a child gets besides the standard ones. */
export const INHERITED = 3;

/** An empty object of shared memory for one run: its processes inherit the descriptor. Nothing can be left behind. */
export class InheritedMemory {
  readonly descriptor: number;

  constructor() {
    const path = join(SHARED_MEMORY, runName());
    this.descriptor = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
  }

  dispose(): void {
    closeSync(this.descriptor);
  }
}
