import { Queue, Topic, bytes, type Consumer, type Subscriber } from 'ringway';
import { nowMicroseconds } from '../clock.js';
import { MultiCheck, STOP } from '../multi-check.js';
import type { MultiPeerSpec, MultiReport } from '../multi-peer-spec.js';
import type { Report } from '../peer-spec.js';
import { BLOCKING_TIMEOUT_MS } from './limits.js';
import { RingwaySender, type Sends } from './ringway-throughput.js';

const WAIT = { timeout: BLOCKING_TIMEOUT_MS };

/** The publisher of a topic, or the producer of a queue that stands beside it. */
export class TopicSender {
  readonly #sender: RingwaySender;

  constructor({ place, spoil, index, case: { params } }: MultiPeerSpec) {
    const to = params.through === 'queue' ? place : publishing(place);
    this.#sender = new RingwaySender(to, params.bytes, params.publish, spoil, index);
  }

  run(count: number): Report {
    const { at } = this.#sender.run(count) as { at: number };
    const done = nowMicroseconds();
    // The last one is overwritten by nobody: so it comes to those, too, that miss some.
    this.#sender.sendOne(STOP);
    return { at, done };
  }

  close(): void {
    this.#sender.close();
  }
}

/** A subscriber of a topic, or the consumer of the queue: receives until it is stopped. */
export class TopicReceiver {
  readonly #handle: Queue<Uint8Array> | Topic<Uint8Array>;
  readonly #reader: Consumer<Uint8Array> | Subscriber<Uint8Array>;
  readonly #check: MultiCheck;
  #missed = 0;

  constructor({ place, case: { params } }: MultiPeerSpec) {
    const { through } = params;
    if (through === undefined) throw new TypeError('a case of topics says what messages go through');
    if (through === 'queue') {
      const queue = Queue.open(place, { codec: bytes() });
      this.#handle = queue;
      this.#reader = queue.consumer();
    } else {
      const topic = Topic.open(place, { codec: bytes() });
      this.#handle = topic;
      this.#reader = topic.subscriber({ onSlow: through });
    }
    this.#check = new MultiCheck(params.bytes, params.producers, false);
  }

  run(): MultiReport {
    const reader = this.#reader;
    const check = this.#check;
    const accept = (lane: Uint8Array, offset: number, length: number): void => {
      check.accept(lane, offset, length);
    };
    check.restart();
    while (!check.stopped) if (reader.poll(accept) === 0) reader.pollSync(accept, WAIT);
    const all = 'missed' in reader ? reader.missed : 0;
    const missed = all - this.#missed;
    this.#missed = all;
    return { at: nowMicroseconds(), ...check.totals, missed };
  }

  close(): void {
    this.#handle.close();
  }
}

function publishing(name: string): Sends {
  const topic = Topic.open(name, { codec: bytes() });
  return {
    producer: () => topic.publisher(),
    close: () => {
      topic.close();
    },
  };
}
