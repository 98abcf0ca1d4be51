import { LocalSegment, type RingwayError } from '@ringway/memory';
import type { Peer } from '@ringway/sync';

import { Channel, channelGeometry, channelSpec } from '../../dist/channel.js';
import { bytes, type Codec } from '../../dist/codec.js';
import { CursorRows } from '../../dist/cursor-rows.js';
import { KIND_TOPIC } from '../../dist/layout.js';
import type { Gap } from '../../dist/message.js';
import type { ProducerOptions, QueueGeometry, SubscriberOptions } from '../../dist/options.js';
import { Producer } from '../../dist/producer.js';
import { Recovery } from '../../dist/recovery.js';
import { Subscriber } from '../../dist/subscriber.js';
import { numberOf } from './heap.js';

const alive = new Set<HeapTopic>();

/** One process's view of a topic on the heap, as HeapPeer is one's of a queue. */
export class HeapTopic {
  readonly segment: LocalSegment;
  readonly channel: Channel;
  readonly recovery: Recovery;
  readonly rows: CursorRows;
  /** What was told to this one. */
  readonly lost: Peer[] = [];
  readonly evicted: number[] = [];
  readonly gaps: Gap[] = [];
  readonly corrupt: RingwayError[] = [];

  private constructor(segment: LocalSegment) {
    this.segment = segment;
    this.channel = new Channel(segment);
    this.recovery = new Recovery(this.channel, (peer) => this.lost.push(peer));
    if (!(this.channel.rows instanceof CursorRows)) throw new TypeError('no topic');
    this.rows = this.channel.rows;
    this.rows.onEvicted = (slot) => this.evicted.push(slot);
    alive.add(this);
  }

  static killAll(): void {
    for (const peer of alive) peer.kill();
  }

  static create({ laneBytes = 4096, maxProducers = 3, maxConsumers = 3 }: QueueGeometry = {}): HeapTopic {
    const options = { laneBytes, maxProducers, maxConsumers };
    const { kind, geometry, size } = channelSpec(KIND_TOPIC, channelGeometry(options));
    return new HeapTopic(
      LocalSegment.create('heap', { kind, geometry, size, codecName: 'bytes', codecId: 0, schemaId: 0 }),
    );
  }

  get words(): Int32Array {
    return this.channel.words;
  }

  /** Another process that opens the same topic. */
  reopen(): HeapTopic {
    return new HeapTopic(this.segment.reopen());
  }

  /** SIGKILL: locks go, no step of the protocol runs. */
  kill(): void {
    alive.delete(this);
    this.segment.close();
  }

  publisher(options: ProducerOptions = {}): Producer<Uint8Array> {
    return new Producer<Uint8Array>(
      { channel: this.channel, codec: bytes(), recovery: this.recovery, closed: () => undefined },
      { idle: 'park', ...options },
    );
  }

  subscriber<T = Uint8Array>(
    options: SubscriberOptions = {},
    codec: Codec<T> = bytes() as unknown as Codec<T>,
  ): Subscriber<T, Gap> {
    return new Subscriber<T, Gap>(
      {
        ...{ channel: this.channel, codec, recovery: this.recovery, closed: () => undefined },
        missed: (gap) => this.gaps.push(gap),
        corrupt: (error) => this.corrupt.push(error) > 0,
      },
      { idle: 'park', ...options },
    );
  }
}

/** The numbers of all messages that a subscriber has now; gaps are passed over. */
export function numbersOf(subscriber: Subscriber<Uint8Array, Gap>): number[] {
  const numbers: number[] = [];
  for (let next = subscriber.tryReceive(); next !== undefined; next = subscriber.tryReceive()) {
    if ('value' in next) numbers.push(numberOf(next.value));
  }
  return numbers;
}

/** Whole numbers from the first up to, not including, the last. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
