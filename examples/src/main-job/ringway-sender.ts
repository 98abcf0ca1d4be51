import { Queue, bytes, type Producer } from 'ringway';
import { BLOCK_BYTES, NUMBER_BYTES, setNumber } from './block.js';
import { hostMilliseconds } from './clock.js';
import type { CyclicSource } from './cyclic-source.js';
import type { Sender } from './sender.js';
import type { Workshop } from './workshop.js';

/** Room for some 127 blocks: a receiver that has no core just now does not stop the sender at once. */
const LANE_BYTES = 8 * 2 ** 20;

/** Sends through a queue, written in place. Everything is acknowledged when the queue is drained. */
export class RingwaySender implements Sender {
  readonly system = 'ringway';
  readonly receiver = './ringway-receiver.js';
  readonly #queue: Queue<Uint8Array>;
  readonly #producer: Producer<Uint8Array>;

  constructor({ queue }: Workshop) {
    this.#queue = Queue.open(queue, { codec: bytes(), create: 'always', laneBytes: LANE_BYTES });
    this.#producer = this.#queue.producer();
  }

  async send(source: CyclicSource, first: number, end: number, signal: AbortSignal): Promise<number> {
    const start = hostMilliseconds();
    for (let number = first; number < end; number++) {
      const place = await this.#producer.reserve(NUMBER_BYTES + BLOCK_BYTES, { signal });
      setNumber(place.bytes, number);
      place.bytes.set(source.block(number), NUMBER_BYTES);
      place.publish();
    }
    await this.#queue.drained({ signal });
    return hostMilliseconds() - start;
  }

  close(): void {
    const { name } = this.#queue;
    this.#queue.close();
    Queue.unlink(name);
  }
}
