import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { ScratchQueues } from './scratch-queues.js';

/** What `st_blocks` counts in. */
const BLOCK_BYTES = 512;
const DESCRIPTORS = '/proc/self/fd';

/** Where a descriptor leads; undefined for the one by which the directory was listed, which is closed by now. */
function target(descriptor: string): string | undefined {
  try {
    return readlinkSync(`${DESCRIPTORS}/${descriptor}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

/** Memory of a queue with one producer, in bytes: what is committed, not what is addressed. */
export function sharedMemory(): Promise<number> {
  return ScratchQueues.with((queues) => {
    const queue = queues.create();
    queue.producer();
    const descriptor = readdirSync(DESCRIPTORS).find((one) => target(one)?.endsWith(queue.name));
    if (descriptor === undefined) throw new Error('a queue was opened, and no descriptor leads to it');
    return statSync(`${DESCRIPTORS}/${descriptor}`).blocks * BLOCK_BYTES;
  });
}
