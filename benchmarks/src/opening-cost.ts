import { ScratchQueues } from './scratch-queues.js';
import { median } from './statistics.js';

/** How often each is done; the first loads the addon. */
const TIMES = 50;

/** Does something, and notes how long it took, in microseconds. */
function timed<R>(times: number[], work: () => R): R {
  const began = performance.now();
  const result = work();
  times.push((performance.now() - began) * 1000);
  return result;
}

/**
 * Median times, in microseconds: of `Queue.open` where there is no queue, of `Queue.open` where there is one, and of
 * `queue.producer()`.
 */
export async function openingCost(): Promise<{ create: number; open: number; producer: number }> {
  const create: number[] = [];
  const open: number[] = [];
  const producer: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    await ScratchQueues.with((queues) => {
      const { name } = timed(create, () => queues.create());
      const queue = timed(open, () => queues.attach(name));
      timed(producer, () => queue.producer());
    });
  }
  return { create: median(create), open: median(open), producer: median(producer) };
}
