import { readdirSync, statSync, type Stats } from 'node:fs';
import { ScratchQueues } from './scratch-queues.js';

/** What `st_blocks` counts in. */
const BLOCK_BYTES = 512;
const DESCRIPTORS = '/proc/self/fd';

/** What this process has open, by descriptor. */
function openFiles(): Map<string, Stats> {
  const found = new Map<string, Stats>();
  for (const descriptor of readdirSync(DESCRIPTORS)) {
    const stats = statSync(`${DESCRIPTORS}/${descriptor}`, { throwIfNoEntry: false });
    // The one by which the directory was listed is closed by now, and its number free.
    if (stats !== undefined) found.set(descriptor, stats);
  }
  return found;
}

/** Memory of a queue with one producer, in bytes: what is committed, not what is addressed. */
export function sharedMemory(): Promise<number> {
  return ScratchQueues.with((queues) => {
    const before = openFiles();
    queues.create().producer();
    const objects = new Map<number, number>();
    for (const [descriptor, stats] of openFiles()) {
      if (!before.has(descriptor) && stats.isFile()) objects.set(stats.ino, stats.blocks * BLOCK_BYTES);
    }
    if (objects.size === 0) throw new Error('a queue was opened, and no descriptor of a file with it');
    return [...objects.values()].reduce((sum, bytes) => sum + bytes, 0);
  });
}
