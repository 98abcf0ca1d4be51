import { Queue } from 'ringway';
import { runName } from './systems/names.js';

/** Queues with default options for a look at what they cost; none outlives it. */
export class ScratchQueues {
  readonly #open: Queue[] = [];
  readonly #names: string[] = [];

  /** A new queue. */
  create(): Queue {
    const name = runName();
    this.#names.push(name);
    return this.attach(name);
  }

  /** Another handle of one that was created here. */
  attach(name: string): Queue {
    const queue = Queue.open(name);
    this.#open.push(queue);
    return queue;
  }

  /** Closes all of them, and removes their names. */
  dispose(): void {
    for (const queue of this.#open) queue.close();
    for (const name of this.#names) Queue.unlink(name);
  }

  /** Lets `work` have queues for as long as it takes. */
  static async with<R>(work: (queues: ScratchQueues) => R | Promise<R>): Promise<R> {
    const queues = new ScratchQueues();
    try {
      return await work(queues);
    } finally {
      queues.dispose();
    }
  }
}
