import { setImmediate as turn } from 'node:timers/promises';
import { Queue, RingwayError, bytes, type Consumer, type PollHandler } from 'ringway';
import { NUMBER_BYTES, numberOf } from './block.js';
import { runWorker } from './lifeline.js';
import { SequenceCheck } from './sequence-check.js';
import { readArguments, requireMilestones } from './worker-options.js';

/** Longest time without a look at the event loop, which tells whether anybody wants this process. */
const SLICE_MS = 100;

/** Blocks until messages came, or for a slice of time. */
function pollForSlice(consumer: Consumer<Uint8Array>, handler: PollHandler): number {
  try {
    return consumer.pollSync(handler, { timeout: SLICE_MS });
  } catch (error) {
    if (error instanceof RingwayError && error.code === 'ERR_RINGWAY_TIMEOUT') return 0;
    throw error;
  }
}

// Messages are checked where they lie, in shared memory: poll() is made for that. The others have no such way.
const options = readArguments();
void runWorker(options, async (lifeline) => {
  const sequence = new SequenceCheck(requireMilestones(options));
  const queue = Queue.open(options.queue, { codec: bytes(), create: 'never' });
  try {
    const consumer = queue.consumer();
    lifeline.report({ type: 'ready' });
    while (!sequence.complete) {
      const polled = pollForSlice(consumer, (lane, offset, length) => {
        sequence.check(numberOf(lane, offset), length - NUMBER_BYTES);
      });
      if (polled === 0) await turn();
    }
  } finally {
    queue.close();
  }
  lifeline.report({ type: 'received', messages: sequence.received });
});
