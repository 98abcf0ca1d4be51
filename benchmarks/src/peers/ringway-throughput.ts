import { Queue, bytes, type Consumer, type Producer } from 'ringway';
import type { Publish } from '../cases.js';
import { nowMicroseconds } from '../clock.js';
import { PayloadCheck } from '../payload-check.js';
import { Payload } from '../payload.js';
import type { Peer, Report } from '../peer-spec.js';
import { BLOCKING_TIMEOUT_MS } from './limits.js';

/** Messages of a call of `trySendMany`, and bytes at most: more would only measure how large the sender's own buffers are. */
const BATCH = 64;
const BATCH_BYTES = 64 * 1024;
const WAIT = { timeout: BLOCKING_TIMEOUT_MS };

/** What a sender sends through. */
export interface Sends {
  producer(): Producer<Uint8Array>;
  close(): void;
}

/** Sends as fast as there is room: `trySend` or `trySendMany`, and the blocking `sendSync` where the lane is full. */
export class RingwaySender implements Peer {
  readonly #handle: Sends;
  readonly #producer: Producer<Uint8Array>;
  readonly #payloads: readonly Payload[];
  readonly #messages: readonly Uint8Array[];

  /**
   * @param to - name of a queue, or what has a producer
   * @param index - which of several senders it is; its messages tell
   */
  constructor(to: string | Sends, length: number, publish: Publish, spoil: number, index?: number) {
    this.#handle = typeof to === 'string' ? Queue.open(to, { codec: bytes() }) : to;
    this.#producer = this.#handle.producer();
    this.#payloads = Array.from(
      { length: publish === 'each' ? 1 : batchOf(length) },
      () => new Payload(length, spoil, index),
    );
    this.#messages = this.#payloads.map((payload) => payload.bytes);
  }

  run(count: number): Report {
    const at = nowMicroseconds();
    const batch = this.#payloads.length;
    if (batch === 1) this.#sendEach(count);
    else for (let sent = 0; sent < count; sent += batch) this.#sendBatch(sent, Math.min(batch, count - sent));
    return { at };
  }

  /** Sends the message with this number. */
  sendOne(sequence: number): void {
    const [payload] = this.#payloads;
    payload.stamp(sequence);
    this.#producer.sendSync(payload.bytes, WAIT);
  }

  close(): void {
    this.#handle.close();
  }

  #sendEach(count: number): void {
    const producer = this.#producer;
    const [payload] = this.#payloads;
    const message = payload.bytes;
    for (let sequence = 0; sequence < count; sequence++) {
      payload.stamp(sequence);
      if (!producer.trySend(message)) producer.sendSync(message, WAIT);
    }
  }

  #sendBatch(first: number, count: number): void {
    const messages = count === this.#messages.length ? this.#messages : this.#messages.slice(0, count);
    for (let i = 0; i < count; i++) this.#payloads[i].stamp(first + i);
    for (let sent = 0; sent < count;) {
      sent += this.#producer.trySendMany(messages, sent);
      if (sent < count) this.#producer.sendSync(messages[sent++], WAIT);
    }
  }
}

function batchOf(length: number): number {
  return Math.min(BATCH, Math.max(1, Math.floor(BATCH_BYTES / length)));
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
