import { Queue, bytes, type Consumer, type Producer } from 'ringway';
import { nowMicroseconds } from '../clock.js';
import { MultiCheck, STOP } from '../multi-check.js';
import type { MultiPeerSpec, MultiReport } from '../multi-peer-spec.js';
import type { Report } from '../peer-spec.js';
import { BLOCKING_TIMEOUT_MS } from './limits.js';
import { queueNames } from './ringway-pair.js';
import { RingwaySender } from './ringway-throughput.js';

const WAIT = { timeout: BLOCKING_TIMEOUT_MS };
/** What a consumer says when it was stopped. */
const STOPPED = new Uint8Array(1);

/**
 * The producer of work that several share. None of them knows how much is its own: so they are stopped one after the
 * other, the next one when the last one has said so, for that takes no more messages.
 */
export class SharingSender {
  readonly #sender: RingwaySender;
  readonly #stops: Queue<Uint8Array>;
  readonly #stopped: Consumer<Uint8Array>;
  readonly #consumers: number;

  constructor({ place, spoil, index, case: { params } }: MultiPeerSpec) {
    const { there, back } = queueNames(place);
    this.#sender = new RingwaySender(there, params.bytes, params.publish, spoil, index);
    this.#stops = Queue.open(back, { codec: bytes() });
    this.#stopped = this.#stops.consumer();
    this.#consumers = params.consumers;
  }

  run(count: number): Report {
    const report = this.#sender.run(count);
    for (let stopped = 0; stopped < this.#consumers; stopped++) {
      this.#sender.sendOne(STOP);
      const delivery = this.#stopped.receiveSync(WAIT);
      if (delivery === undefined) throw new Error('the stream ended in the middle of a run');
      delivery.ack();
    }
    return report;
  }

  close(): void {
    this.#sender.close();
    this.#stops.close();
  }
}

/** One of those who share the work: receives in place until it is stopped. */
export class SharingReceiver {
  readonly #queue: Queue<Uint8Array>;
  readonly #stops: Queue<Uint8Array>;
  readonly #consumer: Consumer<Uint8Array>;
  readonly #stopped: Producer<Uint8Array>;
  readonly #check: MultiCheck;

  constructor({ place, case: { params } }: MultiPeerSpec) {
    const { there, back } = queueNames(place);
    this.#queue = Queue.open(there, { codec: bytes() });
    this.#consumer = this.#queue.consumer();
    this.#stops = Queue.open(back, { codec: bytes() });
    this.#stopped = this.#stops.producer();
    this.#check = new MultiCheck(params.bytes, params.producers, false);
  }

  run(): MultiReport {
    const consumer = this.#consumer;
    const check = this.#check;
    const accept = (lane: Uint8Array, offset: number, length: number): void => {
      check.accept(lane, offset, length);
    };
    check.restart();
    while (!check.stopped) if (consumer.poll(accept) === 0) consumer.pollSync(accept, WAIT);
    const at = nowMicroseconds();
    this.#stopped.sendSync(STOPPED, WAIT);
    return { at, ...check.totals };
  }

  close(): void {
    this.#queue.close();
    this.#stops.close();
  }
}
