import { Queue, type Codec, type Delivery } from 'ringway';
import { JournalWriter, type Entry } from './journal.js';
import type { Lifeline } from './lifeline.js';
import type { WorkerOptions } from './worker-options.js';
import { journalPath } from './workshop.js';

/**
 * A consumer's work, until it is told to stop or the stream ends: handles what is there, puts that on record with one
 * write, and only then acknowledges it.
 *
 * @param most - messages that are claimed and put on record together: the others cannot have these
 * @param handle - does the work of one message, synchronously
 */
export async function consume<T>(
  options: WorkerOptions,
  codec: Codec<T>,
  most: number,
  handle: (message: T) => Omit<Entry, 'attempts'>,
  lifeline: Lifeline,
): Promise<void> {
  let { askAt } = options;
  const journal = new JournalWriter(journalPath(options), most);
  const queue = Queue.open<T>(options.queue, { codec, create: 'never' });
  try {
    const consumer = queue.consumer({ label: options.label, prefetch: most });
    lifeline.onStop(() => void consumer.stop());
    for (let first = await consumer.receive(); first !== undefined; first = await consumer.receive()) {
      const batch: Delivery<T>[] = [];
      for (let delivery: Delivery<T> | undefined = first; delivery !== undefined;) {
        batch.push(delivery);
        const entry = handle(delivery.value);
        if (askAt !== undefined && entry.number >= askAt) {
          askAt = undefined;
          await lifeline.ask(entry.number);
        }
        journal.note({ ...entry, attempts: delivery.attempts });
        delivery = batch.length < most ? consumer.tryReceive() : undefined;
      }
      journal.commit();
      for (const delivery of batch) delivery.ack();
    }
  } finally {
    queue.close();
    journal.close();
  }
}
