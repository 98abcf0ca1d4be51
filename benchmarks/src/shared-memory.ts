import { statSync } from 'node:fs';
import { ScratchQueues } from './scratch-queues.js';

/** What `st_blocks` counts in. */
const BLOCK_BYTES = 512;

/** Memory of a queue with one producer, in bytes: what is committed, not what is addressed. */
export function sharedMemory(): Promise<number> {
  return ScratchQueues.with((queues) => {
    const queue = queues.create();
    queue.producer();
    const object = `/dev/shm/ringway.${process.env.RINGWAY_NAMESPACE ?? ''}${queue.name}`;
    return statSync(object).blocks * BLOCK_BYTES;
  });
}
