import { Queue, bytes, type Consumer, type Producer } from 'ringway';
import type { Publish } from '../cases.js';
import { nowMicroseconds } from '../clock.js';
import { PayloadCheck } from '../payload-check.js';
import { Payload } from '../payload.js';
import type { Peer, Report } from '../peer-spec.js';
import { BLOCKING_TIMEOUT_MS } from './limits.js';

/** Messages between `cork` and `uncork`. */
const BATCH = 64;
const WAIT = { timeout: BLOCKING_TIMEOUT_MS };

/** Sends as fast as there is room: `trySend`, and the blocking `sendSync` where the lane is full. */
export class RingwaySender implements Peer {
  readonly #queue: Queue<Uint8Array>;
  readonly #producer: Producer<Uint8Array>;
  readonly #payload: Payload;
  readonly #publish: Publish;

  constructor(name: string, length: number, publish: Publish, spoil: number) {
    this.#queue = Queue.open(name, { codec: bytes() });
    this.#producer = this.#queue.producer();
    this.#payload = new Payload(length, spoil);
    this.#publish = publish;
  }

  run(count: number): Report {
    const at = nowMicroseconds();
    if (this.#publish === 'each') this.#send(0, count);
    else {
      for (let sent = 0; sent < count; sent += BATCH) {
        this.#producer.cork();
        this.#send(sent, Math.min(sent + BATCH, count));
        this.#producer.uncork();
      }
    }
    return { at };
  }

  close(): void {
    this.#queue.close();
  }

  #send(from: number, to: number): void {
    const producer = this.#producer;
    const payload = this.#payload;
    const message = payload.bytes;
    for (let sequence = from; sequence < to; sequence++) {
      payload.stamp(sequence);
      if (!producer.trySend(message)) producer.sendSync(message, WAIT);
    }
  }
}

/** Receives in place by `poll`, and waits by `pollSync` where there is nothing. */
export class RingwayReceiver implements Peer {
  readonly #queue: Queue<Uint8Array>;
  readonly #consumer: Consumer<Uint8Array>;
  readonly #check: PayloadCheck;

  constructor(name: string, length: number) {
    this.#queue = Queue.open(name, { codec: bytes() });
    this.#consumer = this.#queue.consumer();
    this.#check = new PayloadCheck(length);
  }

  run(count: number): Report {
    const consumer = this.#consumer;
    const check = this.#check;
    const accept = (lane: Uint8Array, offset: number, length: number): void => {
      check.accept(lane, offset, length);
    };
    check.restart();
    while (check.received < count) if (consumer.poll(accept) === 0) consumer.pollSync(accept, WAIT);
    return { at: nowMicroseconds() };
  }

  close(): void {
    this.#queue.close();
  }
}
