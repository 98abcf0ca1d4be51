import assert from 'node:assert/strict';
import { LocalSegment } from '@ringway/memory';
import type { Peer } from '@ringway/sync';

import { Channel, channelGeometry, channelSpec } from '../../dist/channel.js';
import { Claim } from '../../dist/claim.js';
import { bytes, type Codec } from '../../dist/codec.js';
import { Consumer } from '../../dist/consumer.js';
import { DeadLetters } from '../../dist/dead-letters.js';
import type { Lane } from '../../dist/lane.js';
import { KIND_QUEUE, LANE_STATE, ROW_FROM } from '../../dist/layout.js';
import { LaneWriter } from '../../dist/lane-writer.js';
import { joinAsConsumer, joinAsProducer, takeLane } from '../../dist/membership.js';
import type { ConsumerOptions, ProducerOptions, QueueGeometry } from '../../dist/options.js';
import { Producer } from '../../dist/producer.js';
import { Recovery } from '../../dist/recovery.js';
import { Returns } from '../../dist/returns.js';

const alive = new Set<HeapPeer>();

/** Small lanes, few participants: what a test can look through. */
export const SMALL: QueueGeometry = { laneBytes: 4096, maxProducers: 3, maxConsumers: 3 };

/**
 * One process's view of a queue on the heap. Another one, by {@link HeapPeer.reopen}, stands for another process: it shares nothing
 * with this one but the memory and the locks, and {@link HeapPeer.kill} is what SIGKILL does.
 */
export class HeapPeer {
  readonly segment: LocalSegment;
  readonly channel: Channel;
  readonly recovery: Recovery;
  /** Whom it lost, as it was told. */
  readonly lost: Peer[] = [];

  readonly #returns = new Returns({
    queue: 'heap',
    copies: () =>
      new Producer(
        { channel: this.channel, codec: bytes(), recovery: this.recovery, closed: () => undefined, aside: true },
        {},
      ),
    deadLetters: new DeadLetters('heap', '', 'bytes', undefined, () => assert.fail('there are none')),
    maxDeliveries: undefined,
    told: () => undefined,
  });

  private constructor(segment: LocalSegment) {
    this.segment = segment;
    this.channel = new Channel(segment);
    this.recovery = new Recovery(this.channel, (peer) => this.lost.push(peer));
    alive.add(this);
  }

  /** For `afterEach`: whoever a test has left, because it failed. */
  static killAll(): void {
    for (const peer of alive) peer.kill();
  }

  /** A new queue. */
  static create(options: QueueGeometry = SMALL): HeapPeer {
    const { kind, geometry, size } = channelSpec(KIND_QUEUE, channelGeometry(options));
    const header = { kind, geometry, size, codecName: 'bytes', codecId: 0, schemaId: 0 };
    return new HeapPeer(LocalSegment.create('heap', header));
  }

  get words(): Int32Array {
    return this.channel.words;
  }

  /** Another process that opens the same queue. */
  reopen(): HeapPeer {
    return new HeapPeer(this.segment.reopen());
  }

  /** SIGKILL: locks and watches go, no step of the protocol runs. */
  kill(): void {
    alive.delete(this);
    this.segment.close();
  }

  /** What `queue.producer()` makes. */
  producer<T = Uint8Array>(
    options: ProducerOptions = {},
    codec: Codec<T> = bytes() as unknown as Codec<T>,
  ): Producer<T> {
    return new Producer<T>(
      { channel: this.channel, codec, recovery: this.recovery, closed: () => undefined },
      { idle: 'park', ...options },
    );
  }

  /** What `queue.consumer()` makes. */
  consumer<T = Uint8Array>(
    options: ConsumerOptions = {},
    codec: Codec<T> = bytes() as unknown as Codec<T>,
  ): Consumer<T> {
    return new Consumer<T>(
      {
        ...{ channel: this.channel, codec, recovery: this.recovery, returns: this.#returns },
        ...{ closed: () => undefined, corrupt: () => false, lettersFailed: () => false },
      },
      { idle: 'park', ...options },
    );
  }

  /** A producer's slot and lane, without the producer. */
  writer(label = ''): { writer: LaneWriter; lane: Lane; me: number; slot: number } {
    const slot = joinAsProducer(this.channel, this.recovery, label);
    const me = this.channel.slots.owner(slot);
    const { lane } = takeLane(this.channel, me, label);
    return { writer: new LaneWriter(lane, this.words, this.channel.doorbells), lane, me, slot };
  }

  /** A consumer's slot and its claim on one lane, without the consumer. */
  claim(lane: number, frames = 8): { claim: Claim; me: number; slot: number; row: number } {
    const { slot } = joinAsConsumer(this.channel, this.recovery, '');
    const place = this.channel.lane(lane);
    return { claim: this.claimOf(lane, slot, frames), me: this.channel.slots.owner(slot), slot, row: place.row(slot) };
  }

  /** The claim of a consumer that has joined already. */
  claimOf(lane: number, slot: number, frames = 8): Claim {
    const { channel, words } = this;
    return new Claim(channel.lane(lane), words, channel.slots, channel.doorbells, slot, frames);
  }

  /** How often a slot was rung: each ring moves its doorbell before and after the announcement is taken away. */
  rung(slot: number): number {
    return this.words[this.channel.slots.doorbell(slot)] / 2;
  }

  /** The `from` words of a lane's rows. */
  froms(lane: number): number[] {
    const place = this.channel.lane(lane);
    return Array.from({ length: this.channel.layout.consumers }, (_, slot) => this.words[place.row(slot) + ROW_FROM]);
  }

  /** Lanes that are in use. */
  lanesInUse(): number[] {
    return this.channel.lanes().flatMap((lane) => (lane.state === LANE_STATE.free ? [] : [lane.index]));
  }
}

/** A message that tells which one it is. */
export function numbered(number: number, length = 8): Uint8Array {
  const message = new Uint8Array(Math.max(length, 4));
  new DataView(message.buffer).setUint32(0, number, true);
  return message;
}

/** What {@link numbered} said. */
export function numberOf(message: Uint8Array, offset = 0): number {
  return new DataView(message.buffer, message.byteOffset + offset).getUint32(0, true);
}
