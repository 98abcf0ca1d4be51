import { EventEmitter } from 'node:events';
import { Segment, type RingwayError, type SegmentHandle } from '@ringway/memory';
import { checkWait, type Peer, type WaitOptions } from '@ringway/sync';
import { Attachment } from './attachment.js';
import { localChannelSegment, openChannelSegment } from './channel-segment.js';
import { codecByName, msgpack, type Codec } from './codec.js';
import { CursorRows } from './cursor-rows.js';
import { Drains } from './drains.js';
import { KIND_TOPIC, MAX_PARTICIPANTS } from './layout.js';
import { UnlinkWatch } from './lifecycle.js';
import type { Gap } from './message.js';
import {
  checkCreate,
  checkGeometry,
  wholeNumber,
  type ChannelOptions,
  type ProducerOptions,
  type SubscriberOptions,
  type TopicOptions,
} from './options.js';
import { Participants } from './participants.js';
import { placeOf, segmentsIn, type PlaceOptions, type QueueInfo } from './place.js';
import { Producer } from './producer.js';
import { withSchema } from './schema.js';
import { Subscriber } from './subscriber.js';
import { topicStats, type TopicStats } from './topic-stats.js';

/** Options of `topic.publisher`. A topic's publishers have no priority. */
export type PublisherOptions = Omit<ProducerOptions, 'priority'>;

/** Events of a topic: of its life, never messages. */
export interface TopicEvents {
  /** A participant died (it did not leave): within 250 ms after the kernel has let its lock go, if anybody here waits. */
  'peer-lost': [peer: Peer];
  /** The topic's name was removed: who has it open goes on, newcomers get another topic. */
  unlinked: [];
  /** A subscriber of this handle with `onSlow: 'drop'` missed messages, exactly so many. */
  missed: [gap: Gap, subscriber: Subscriber<unknown, unknown>];
  /** A publisher of this handle did not wait any longer for a subscriber with `onSlow: 'disconnect'`, wherever that is. */
  evicted: [peer: Peer];
  /** A lane was taken out of use. With a listener, calls that receive do not fail for it. */
  'corrupt-lane': [error: RingwayError];
}

/**
 * A topic on this host: every message goes to every subscriber that is there when it is published, in order per publisher. This is a handle of it; nothing is sent or received until it makes
 * a publisher or a subscriber.
 *
 * @example
 * ```js
 * const prices = Topic.open('prices');
 * const subscriber = prices.subscriber({ onSlow: 'drop' });
 * await prices.publisher().send({ symbol: 'ABC', price: 9.5 });
 * for await (const price of subscriber) console.log(price);
 * ```
 */
export class Topic<T = unknown> extends EventEmitter<TopicEvents> {
  readonly #codec: Codec<T>;
  readonly #attachment: Attachment;
  readonly #participants: Participants;
  readonly #drains = new Drains();

  private constructor(
    segment: SegmentHandle,
    options: TopicOptions<T>,
    reopen: ((codec: Codec<T>) => SegmentHandle) | undefined,
  ) {
    super();
    const codec = options.codec ?? codecByName(segment.header.codecName);
    this.#codec = options.schema === undefined ? codec : withSchema(codec, options.schema);
    this.#attachment = new Attachment(segment, reopen && (() => reopen(this.#codec)), (peer) => {
      this.#emitLater('peer-lost', peer);
    });
    const unlinks = new UnlinkWatch();
    this.#participants = new Participants(this.#attachment, this.#drains, (channel) => {
      if (unlinks.isNews(channel)) this.#emitLater('unlinked');
    });
  }

  /**
   * Attaches to a topic, or makes it. What the creator chose holds; an option that is given and differs is an error. Takes under 1 ms. Errors as of `Queue.open`.
   *
   * @param name - `[A-Za-z0-9._-]{1,150}`
   */
  static open<T = unknown>(name: string, options: TopicOptions<T> = {}): Topic<T> {
    const open = (codec: Codec<T> | undefined): Segment =>
      openChannelSegment(KIND_TOPIC, name, channelOptions({ ...options, codec }));
    const segment = open(options.codec);
    try {
      return new Topic(segment, options, open);
    } catch (error) {
      segment.close();
      throw error;
    }
  }

  /** A topic on the heap of this thread: the same lanes without shared memory and without the addon, on every platform. For unit tests. */
  static local<T = unknown>(options: Omit<TopicOptions<T>, 'dir' | 'mode' | 'trust' | 'create'> = {}): Topic<T> {
    const { codec = msgpack<T>() } = options;
    const segment = localChannelSegment(KIND_TOPIC, channelOptions(options), codec.name);
    return new Topic(segment, { ...options, codec }, undefined);
  }

  /** Removes a topic's name; who has it open goes on, who opens the name gets another topic. False if there is none. Errors as of `Segment.unlink`. */
  static unlink(name: string, options: PlaceOptions = {}): boolean {
    return Segment.unlink(name, placeOf(options));
  }

  /** Whether there is a topic, or another segment, of that name. Never loads the addon. */
  static exists(name: string, options: PlaceOptions = {}): boolean {
    return Segment.exists(name, placeOf(options));
  }

  /** The topics of a place. Read-only; never loads the addon. */
  static list(options: PlaceOptions = {}): QueueInfo[] {
    return segmentsIn(KIND_TOPIC, options);
  }

  get name(): string {
    return this.#attachment.channel.segment.name;
  }

  get closed(): boolean {
    return this.#participants.closed;
  }

  /**
   * Joins as a publisher, with a lane of its own: a `Producer`, whose messages every subscriber gets. Its `send` waits for those with `onSlow: 'block'`, and for nobody else. Errors:
   * `ERR_RINGWAY_TOO_MANY_PRODUCERS`, `ERR_RINGWAY_NO_SPACE`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`, `ERR_RINGWAY_CLOSED`. Takes under 1 ms.
   */
  publisher(options: PublisherOptions = {}): Producer<T> {
    const codec = this.#codec;
    const closed = (gone: Producer<T>): void => {
      this.#participants.left(gone);
    };
    return this.#participants.join((channel, recovery) => {
      if (channel.rows instanceof CursorRows) {
        channel.rows.onEvicted = (slot) => {
          this.#emitLater('evicted', channel.slots.peer(slot));
        };
      }
      return new Producer<T>({ channel, codec, recovery, closed }, { ...options, priority: 0 });
    });
  }

  /**
   * Joins as a subscriber: every message that is published from here on goes to it. Errors: `ERR_RINGWAY_TOO_MANY_CONSUMERS`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`,
   * `ERR_RINGWAY_CLOSED`. Takes under 1 ms, and with `history` as long as it takes to walk over that many frames.
   */
  subscriber(options: SubscriberOptions & { readonly gaps: true }): Subscriber<T, Gap>;
  subscriber(options?: SubscriberOptions): Subscriber<T>;
  subscriber(options: SubscriberOptions = {}): Subscriber<T> {
    const codec = this.#codec;
    const closed = (gone: Subscriber<T, unknown>): void => {
      this.#participants.left(gone);
    };
    const corrupt = (error: RingwayError): boolean => {
      this.#emitLater('corrupt-lane', error);
      return this.listenerCount('corrupt-lane') > 0;
    };
    const missed = (gap: Gap): void => {
      this.#emitLater('missed', gap, subscriber as Subscriber<unknown, unknown>);
    };
    const subscriber = this.#participants.join(
      (channel, recovery) => new Subscriber<T>({ channel, codec, recovery, closed, corrupt, missed }, options),
    );
    return subscriber;
  }

  /** Waits until everything that was published, by anybody, was read by every subscriber with `onSlow: 'block'` (or `'disconnect'`). */
  drained(options?: WaitOptions): Promise<void> {
    try {
      this.#participants.check();
      checkWait(options);
      const { channel, recovery } = this.#attachment;
      return this.#drains.wait(channel, recovery, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What goes on in the topic, for people. */
  stats(): TopicStats {
    this.#participants.check();
    const { channel } = this.#attachment;
    const stats = topicStats(channel);
    channel.segment.assertIntact();
    return stats;
  }

  /** Immediate, idempotent, never throws: closes its publishers and subscribers and lets the memory go; waits reject with `ERR_RINGWAY_CLOSED`. */
  close(): void {
    this.#participants.close();
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Not in the middle of a step of ours: a listener may throw, which is its caller's affair, or close the topic. */
  #emitLater<E extends keyof TopicEvents>(event: E, ...values: TopicEvents[E]): void {
    queueMicrotask(() => {
      (this as EventEmitter).emit(event, ...values);
    });
  }
}

/** The options of the segment, in its own words. Throws `RangeError`. */
function channelOptions<T>({ maxPublishers, maxSubscribers, ...options }: TopicOptions<T>): ChannelOptions<T> {
  if (maxPublishers !== undefined) wholeNumber('maxPublishers', maxPublishers, 1, MAX_PARTICIPANTS);
  if (maxSubscribers !== undefined) wholeNumber('maxSubscribers', maxSubscribers, 1, MAX_PARTICIPANTS);
  const channel = { ...options, maxProducers: maxPublishers, maxConsumers: maxSubscribers };
  checkGeometry(channel);
  checkCreate(options.create);
  return channel;
}
