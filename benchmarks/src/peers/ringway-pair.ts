import { Queue, bytes, type Consumer, type IdleStrategy, type Producer } from 'ringway';
import type { Role } from '../peer-spec.js';

/** Names of the queues of a round trip: one for each direction. */
export function queueNames(place: string): { there: string; back: string } {
  return { there: `${place}.there`, back: `${place}.back` };
}

/** One side of a round trip: a producer on one queue, a consumer on the other. */
export class RingwayPair {
  readonly producer: Producer<Uint8Array>;
  readonly consumer: Consumer<Uint8Array>;
  readonly #queues: readonly Queue<Uint8Array>[];

  constructor(place: string, role: Role, idle: IdleStrategy) {
    const { there, back } = queueNames(place);
    const [out, home] = (role === 'sender' ? [there, back] : [back, there]).map((name) =>
      Queue.open(name, { codec: bytes() }),
    );
    this.#queues = [out, home];
    this.producer = out.producer({ idle });
    this.consumer = home.consumer({ idle });
  }

  close(): void {
    for (const queue of this.#queues) queue.close();
  }
}
