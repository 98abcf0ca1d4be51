import { Queue, bytes, type Consumer } from 'ringway';
import { nowMicroseconds } from '../clock.js';
import { MultiCheck } from '../multi-check.js';
import type { MultiPeerSpec, MultiReport } from '../multi-peer-spec.js';
import { BLOCKING_TIMEOUT_MS } from './limits.js';

const WAIT = { timeout: BLOCKING_TIMEOUT_MS };

/** The one consumer of several producers: receives in place, and waits where there is nothing. */
export class FanInReceiver {
  readonly #queue: Queue<Uint8Array>;
  readonly #consumer: Consumer<Uint8Array>;
  readonly #check: MultiCheck;

  constructor({ place, case: { params } }: MultiPeerSpec) {
    this.#queue = Queue.open(place, { codec: bytes() });
    this.#consumer = this.#queue.consumer();
    this.#check = new MultiCheck(params.bytes, params.producers, true);
  }

  run(count: number): MultiReport {
    const consumer = this.#consumer;
    const check = this.#check;
    const accept = (lane: Uint8Array, offset: number, length: number): void => {
      check.accept(lane, offset, length);
    };
    check.restart();
    while (check.received < count) if (consumer.poll(accept) === 0) consumer.pollSync(accept, WAIT);
    return { at: nowMicroseconds(), ...check.totals };
  }

  close(): void {
    this.#queue.close();
  }
}
