import { once } from 'node:events';
import type { Order, Report } from './talk.js';
import { removeWorkshop, type Workshop } from './workshop.js';

/**
 * A worker's end of the channel to the process that started it. When that process is gone without having said so, the
 * worker removes what the job made, and exits: whoever kills the job leaves nothing behind.
 */
export class Lifeline {
  readonly #orphaned: () => void;

  constructor(workshop: Workshop) {
    this.#orphaned = () => {
      removeWorkshop(workshop);
      process.exit(1);
    };
    process.once('disconnect', this.#orphaned);
    // It may have gone before this worker could listen.
    if (!process.connected) this.#orphaned();
  }

  /** Tells something. */
  report(report: Report): void {
    process.send?.(report);
  }

  /** Calls `stop` when told so. */
  onStop(stop: () => void): void {
    process.on('message', (order: Order) => {
      if (order === 'stop') stop();
    });
  }

  /** Tells that this worker has come to `number`, and waits until it may go on. */
  async ask(number: number): Promise<void> {
    this.report({ type: 'asks', number });
    let order: unknown;
    do [order] = (await once(process, 'message')) as [Order];
    while (order !== 'go-on');
  }

  /** The worker is through: nothing keeps it alive any more. */
  end(): void {
    process.removeListener('disconnect', this.#orphaned);
    process.removeAllListeners('message');
    if (process.connected) process.disconnect();
  }
}

/** Runs a worker: what goes wrong is written to stderr, and is its exit code. */
export async function runWorker(workshop: Workshop, work: (lifeline: Lifeline) => Promise<void>): Promise<void> {
  const lifeline = new Lifeline(workshop);
  try {
    await work(lifeline);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    lifeline.end();
  }
}
