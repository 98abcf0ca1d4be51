import { nowMicroseconds } from '../clock.js';
import { PayloadCheck } from '../payload-check.js';
import { Payload } from '../payload.js';
import type { Peer, Report } from '../peer-spec.js';
import { BLOCKING_TIMEOUT_MS, SPINNING_TRIPS_PER_SAMPLE } from './limits.js';
import { RingwayPair } from './ringway-pair.js';
import { RoundTrips } from './round-trips.js';

const WAIT = { timeout: BLOCKING_TIMEOUT_MS };

/** Sends and waits for the answer, spinning, as a script or a worker does that has nothing else to do. */
export class RingwayBlockingPing implements Peer {
  readonly #pair: RingwayPair;
  readonly #payload: Payload;
  readonly #check: PayloadCheck;

  constructor(place: string, length: number, spoil: number) {
    this.#pair = new RingwayPair(place, 'sender', 'spin');
    this.#payload = new Payload(length, spoil);
    this.#check = new PayloadCheck(length);
  }

  run(count: number): Report {
    const { producer, consumer } = this.#pair;
    const payload = this.#payload;
    const check = this.#check;
    const trips = new RoundTrips(count, SPINNING_TRIPS_PER_SAMPLE);
    const accept = (lane: Uint8Array, offset: number, length: number): void => {
      check.accept(lane, offset, length);
    };
    check.restart();
    for (let sequence = 0; sequence < count; sequence++) {
      payload.stamp(sequence);
      trips.begin();
      producer.sendSync(payload.bytes);
      consumer.pollSync(accept, WAIT);
      trips.end();
    }
    return trips.report();
  }

  close(): void {
    this.#pair.close();
  }
}

/**
 * Answers each message from within the handler, so that the answer is on its way before the message is acknowledged.
 */
export class RingwayBlockingPong implements Peer {
  readonly #pair: RingwayPair;
  readonly #payload: Payload;
  readonly #check: PayloadCheck;

  constructor(place: string, length: number) {
    this.#pair = new RingwayPair(place, 'receiver', 'spin');
    this.#payload = new Payload(length, -1);
    this.#check = new PayloadCheck(length);
  }

  run(count: number): Report {
    const { producer, consumer } = this.#pair;
    const payload = this.#payload;
    const check = this.#check;
    const answer = (lane: Uint8Array, offset: number, length: number): void => {
      const sequence = check.received;
      check.accept(lane, offset, length);
      payload.stamp(sequence);
      producer.sendSync(payload.bytes);
    };
    check.restart();
    while (check.received < count) consumer.pollSync(answer, WAIT);
    return { at: nowMicroseconds() };
  }

  close(): void {
    this.#pair.close();
  }
}
