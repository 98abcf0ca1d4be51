import { setTimeout as delay } from 'node:timers/promises';
import { Queue, type Codec } from 'ringway';
import { hostMilliseconds } from './clock.js';
import { nextNumber } from './journal.js';
import type { Lifeline } from './lifeline.js';
import type { WorkerOptions } from './worker-options.js';
import { journalPath } from './workshop.js';

/** All producers of a job call themselves so: whoever takes over goes on in the lane of the dead one. */
const LABEL = 'sender';
/** Who is less ahead of time than this does not wait: timers are no finer. */
const LEAST_PAUSE_MS = 2;

/**
 * A producer's work: sends what `messages` yields from some number on, to the end of the stream.
 *
 * How it knows where to begin, its predecessor having been killed at any instruction: what was published is a beginning
 * of the messages, without a gap, because one producer's messages are in order. Once all of it is acknowledged, all of
 * it is on record, for consumers note before they acknowledge. So the journal's highest number is the last that was
 * published, exactly; nothing is sent twice. The first producer begins in the same way, at 0.
 */
export async function produce<T>(
  options: WorkerOptions,
  codec: Codec<T>,
  messages: (from: number) => AsyncIterable<T>,
  lifeline: Lifeline,
): Promise<void> {
  const { askAt, pauseMs = 0 } = options;
  const queue = Queue.open<T>(options.queue, { codec, create: 'never' });
  try {
    const producer = queue.producer({ label: LABEL });
    await queue.drained();
    const first = nextNumber(journalPath(options));
    const start = hostMilliseconds();
    lifeline.report({ type: 'sending', number: first, time: start });
    let number = first;
    for await (const message of messages(first)) {
      if (number === askAt) await lifeline.ask(number);
      const early = start + (number - first) * pauseMs - hostMilliseconds();
      if (early >= LEAST_PAUSE_MS) await delay(early);
      await producer.send(message);
      number++;
    }
    if (number === askAt) await lifeline.ask(number);
    await producer.end();
  } finally {
    queue.close();
  }
}
