import { bytes, json, msgpack, text, type Codec, type Consumer, type Delivery, type Producer } from '@ringway/ring';

import * as layout from '../../dist/layout.js';
import type { Random } from '../chaos/random.js';
import type { Oracle } from './findings.js';
import { MemoryView } from './memory-view.js';
import type { Place } from './place.js';
import { type Peer } from './place.js';
import { randomBytes } from './values.js';

const CODECS: readonly (() => Codec<unknown>)[] = [bytes, bytes, msgpack, msgpack, json, text];
const LABELS = ['', '', 'shop', 'till'];
const IDLE = ['park', 'adaptive', 'spin'] as const;
const HALF_LAP = 2 ** 31;
/** Positions with which a lane begins, near to where words change their sign or begin anew. */
const POSITIONS = [0, 0, 0, HALF_LAP, 2 * HALF_LAP, 3 * HALF_LAP];

/** Somebody's producer. */
export interface Sender {
  readonly peer: Peer;
  readonly producer: Producer<unknown>;
}

/** Somebody's consumer. */
export interface Receiver {
  readonly peer: Peer;
  readonly consumer: Consumer<unknown>;
}

/** A queue in a state that correct peers have brought about, with all who take part in it. */
export class Scene {
  readonly random: Random;
  readonly oracle: Oracle;
  readonly place: Place;
  readonly view: MemoryView;
  readonly laneBytes: number;
  readonly senders: Sender[] = [];
  readonly receivers: Receiver[] = [];
  /** Received and not acknowledged. */
  readonly held: Delivery<unknown>[] = [];
  #peers: Peer[] = [];

  /** @param place - makes the queue, from a codec and its geometry */
  constructor(
    random: Random,
    oracle: (codecThrows: boolean) => Oracle,
    place: (
      codec: Codec<unknown>,
      geometry: { laneBytes: number; maxProducers: number; maxConsumers: number },
    ) => Place,
  ) {
    this.random = random;
    const codec = random.pick(CODECS)();
    this.oracle = oracle(codec.name !== 'bytes');
    this.laneBytes = random.pick([4096, 4096, 16_384]);
    const geometry = {
      laneBytes: this.laneBytes,
      maxProducers: random.between(1, 4),
      maxConsumers: random.next() < 0.03 ? 40 : random.between(1, 4),
      maxMessageBytes: 65_536,
    };
    this.oracle.note(`codec ${codec.name}, ${JSON.stringify(geometry)}`);
    this.place = place(codec, geometry);
    this.view = new MemoryView(this.place.stranger);
    this.#beginAt(this.random.pick(POSITIONS));
    this.#history();
  }

  /** Lanes whose memory is there, as far as correct peers took them. */
  lanesInUse(): number[] {
    const { words, layout: geometry } = this.view;
    return Array.from({ length: geometry.lanes }, (_, lane) => lane).filter(
      (lane) => words[this.view.lane(lane) + layout.LANE_EPOCH] !== 0,
    );
  }

  peer(): Peer {
    if (this.#peers.length === 0 || (this.#peers.length < 4 && this.random.next() < 0.2)) {
      const peer = this.place.open();
      const heard = this.random.next() < 0.3;
      if (heard)
        peer.queue.on('corrupt-lane', (error) =>
          this.oracle.check(error.code === 'ERR_RINGWAY_CORRUPT_LANE', String(error)),
        );
      this.#peers.push(peer);
    }
    return this.random.pick(this.#peers);
  }

  /** A message of this queue's codec. */
  message(): unknown {
    const kind = this.random.next();
    const most = kind < 0.04 ? this.laneBytes * 2 : kind < 0.15 ? this.laneBytes / 4 : 120;
    return this.#sized(this.random.between(0, most));
  }

  #sized(length: number): unknown {
    const { name } = this.place.codec;
    if (name === 'bytes') return length < 64 ? randomBytes(this.random, length) : new Uint8Array(length).fill(length);
    if (name === 'text') return 'é'.repeat(length / 2);
    return { id: length, text: 'x'.repeat(length), list: [1, 2.5, null, true], at: { deep: [{}] } };
  }

  join(what: 'producer' | 'consumer'): void {
    const { random, oracle } = this;
    const peer = this.peer();
    const label = random.pick(LABELS);
    const idle = random.pick(IDLE);
    if (what === 'producer') {
      const options = {
        label,
        idle,
        publish: random.pick(['each', 'each', 'tick'] as const),
        timestamps: random.next() < 0.2,
      };
      const producer = oracle.attempt('join as producer', () => peer.queue.producer(options));
      if (producer !== undefined) this.senders.push({ peer, producer });
    } else {
      const options = { label, idle, prefetch: random.pick([1, 2, 7, 256]), closeOnReturn: random.next() < 0.5 };
      const consumer = oracle.attempt('join as consumer', () => peer.queue.consumer(options));
      if (consumer !== undefined) this.receivers.push({ peer, consumer });
    }
  }

  send(): void {
    const sender = this.sender();
    if (sender === undefined) return;
    const options = this.random.next() < 0.15 ? { headers: { trace: 'abc', empty: '' } } : undefined;
    this.oracle.attempt('trySend', () => sender.producer.trySend(this.message(), options));
  }

  receive(): void {
    const receiver = this.receiver();
    if (receiver === undefined) return;
    const delivery = this.oracle.attempt('tryReceive', () => receiver.consumer.tryReceive());
    if (delivery !== undefined) this.took(delivery);
  }

  took(delivery: Delivery<unknown>): void {
    const { random, oracle } = this;
    const { value } = delivery;
    if (value instanceof Uint8Array && this.place.codec.name === 'bytes') {
      oracle.check(
        value.length <= Math.max(65_536, this.laneBytes),
        `a message of ${value.length} bytes was delivered`,
      );
    }
    oracle.check(typeof delivery.id === 'string' && Number.isInteger(delivery.attempts), 'a delivery without id');
    oracle.check(typeof delivery.producer === 'string', 'a delivery without the label of its producer');
    for (const header of Object.values(delivery.headers))
      oracle.check(typeof header === 'string', 'a header that is no string');
    if (random.next() < 0.6) this.ack(delivery);
    else this.held.push(delivery);
  }

  ack(delivery: Delivery<unknown>): void {
    this.oracle.attempt('ack', () => delivery.ack());
  }

  ackSome(): void {
    while (this.held.length > 0) {
      const at = this.random.between(0, this.held.length - 1);
      this.ack(this.held.splice(at, 1)[0]);
      if (this.random.next() < 0.4) break;
    }
  }

  /** One peer dies, with all that it has open. */
  kill(): void {
    if (this.#peers.length === 0) return;
    const peer = this.random.pick(this.#peers);
    this.#forget(peer);
    this.oracle.must('kill', () => this.place.kill(peer));
  }

  /** A producer; now and then one that was closed. */
  sender(): Sender | undefined {
    this.#prune(this.senders, ({ producer }) => producer.closed);
    if (this.senders.length === 0 && this.random.next() < 0.7) this.join('producer');
    return this.senders.length === 0 ? undefined : this.random.pick(this.senders);
  }

  /** A consumer; now and then one that was closed. */
  receiver(): Receiver | undefined {
    this.#prune(this.receivers, ({ consumer }) => consumer.closed);
    if (this.receivers.length === 0 && this.random.next() < 0.7) this.join('consumer');
    return this.receivers.length === 0 ? undefined : this.random.pick(this.receivers);
  }

  /** Sends until there is no more room, or many times. */
  fill(): void {
    const sender = this.sender();
    if (sender === undefined) return;
    const length = this.random.between(40, this.laneBytes / 5);
    for (let count = 0; count < 64; count++) {
      if (this.oracle.attempt('trySend', () => sender.producer.trySend(this.#sized(length))) !== true) break;
    }
  }

  /** A participant leaves. */
  leave(): void {
    const from: (Sender | Receiver)[] = this.random.next() < 0.5 ? this.senders : this.receivers;
    if (from.length === 0) return;
    const [gone] = from.splice(this.random.between(0, from.length - 1), 1);
    if ('producer' in gone) this.oracle.must('close a producer', () => gone.producer.close());
    else this.oracle.must('close a consumer', () => gone.consumer.close());
  }

  /** Everybody leaves; nobody may fail at it. */
  close(): void {
    for (const peer of [...this.place.peers]) {
      if (this.random.next() < 0.2) this.oracle.must('kill', () => this.place.kill(peer));
      else this.oracle.must('close a queue', () => peer.queue.close());
    }
    this.oracle.must('unlink the queue', () => this.place.close());
  }

  #prune<P>(list: P[], gone: (one: P) => boolean): void {
    if (this.random.next() < 0.1) return;
    for (let at = list.length - 1; at >= 0; at--) if (gone(list[at])) list.splice(at, 1);
  }

  #forget(peer: Peer): void {
    this.#peers = this.#peers.filter((one) => one !== peer);
    for (const list of [this.senders, this.receivers] as { peer: Peer }[][]) {
      for (let at = list.length - 1; at >= 0; at--) if (list[at].peer === peer) list.splice(at, 1);
    }
  }

  /** As if about that many bytes had passed through each lane before. */
  #beginAt(position: number): void {
    const { words } = this.view;
    for (let lane = 0; lane < this.view.layout.lanes; lane++) {
      const start = Math.max(0, position - this.random.between(-this.laneBytes / 8, this.laneBytes / 8) * 8);
      const header = this.view.lane(lane);
      words[header + layout.LANE_POSITION] = words[header + layout.LANE_NEXT] = start | 0;
      words[header + layout.LANE_HALF_LAPS] = Math.floor(start / HALF_LAP);
    }
  }

  #history(): void {
    const { random } = this;
    for (let count = random.between(1, 3); count > 0; count--) this.join('producer');
    for (let count = random.between(0, 2); count > 0; count--) this.join('consumer');
    for (let count = random.between(4, 16); count > 0; count--) {
      const kind = random.next();
      if (kind < 0.08) this.fill();
      else if (kind < 0.55) this.send();
      else if (kind < 0.85) this.receive();
      else if (kind < 0.9) this.ackSome();
      else if (kind < 0.93) this.leave();
      else if (kind < 0.96) this.join(random.pick(['producer', 'consumer']));
      else this.kill();
    }
  }
}
