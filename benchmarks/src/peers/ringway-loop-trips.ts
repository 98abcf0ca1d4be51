import type { IdleStrategy } from 'ringway';
import { nowMicroseconds } from '../clock.js';
import { PayloadCheck } from '../payload-check.js';
import { Payload } from '../payload.js';
import type { Peer, Report } from '../peer-spec.js';
import { RingwayPair } from './ringway-pair.js';
import { RoundTrips } from './round-trips.js';

/** The next message, checked and acknowledged. */
async function receive({ consumer }: RingwayPair, check: PayloadCheck): Promise<void> {
  const delivery = await consumer.receive();
  if (delivery === undefined) throw new Error('the stream ended in the middle of a run');
  check.accept(delivery.value, 0, delivery.value.length);
  delivery.ack();
}

/** Sends and awaits the answer on an event loop. */
export class RingwayLoopPing implements Peer {
  readonly #pair: RingwayPair;
  readonly #payload: Payload;
  readonly #check: PayloadCheck;

  constructor(place: string, length: number, idle: IdleStrategy, spoil: number) {
    this.#pair = new RingwayPair(place, 'sender', idle);
    this.#payload = new Payload(length, spoil);
    this.#check = new PayloadCheck(length);
  }

  async run(count: number): Promise<Report> {
    const trips = new RoundTrips(count, 1);
    this.#check.restart();
    for (let sequence = 0; sequence < count; sequence++) {
      this.#payload.stamp(sequence);
      trips.begin();
      await this.#pair.producer.send(this.#payload.bytes);
      await receive(this.#pair, this.#check);
      trips.end();
    }
    return trips.report();
  }

  close(): void {
    this.#pair.close();
  }
}

/** Answers each message on an event loop. */
export class RingwayLoopPong implements Peer {
  readonly #pair: RingwayPair;
  readonly #payload: Payload;
  readonly #check: PayloadCheck;

  constructor(place: string, length: number, idle: IdleStrategy) {
    this.#pair = new RingwayPair(place, 'receiver', idle);
    this.#payload = new Payload(length, -1);
    this.#check = new PayloadCheck(length);
  }

  async run(count: number): Promise<Report> {
    this.#check.restart();
    for (let sequence = 0; sequence < count; sequence++) {
      await receive(this.#pair, this.#check);
      this.#payload.stamp(sequence);
      await this.#pair.producer.send(this.#payload.bytes);
    }
    return { at: nowMicroseconds() };
  }

  close(): void {
    this.#pair.close();
  }
}
