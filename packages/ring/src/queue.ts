import { EventEmitter } from 'node:events';
import { Segment, type RingwayError, type SegmentHandle } from '@ringway/memory';
import { checkWait, type WaitOptions } from '@ringway/sync';
import { Attachment } from './attachment.js';
import { localChannelSegment, openChannelSegment } from './channel-segment.js';
import { bytes, codecByName, msgpack, type Codec } from './codec.js';
import { DeadLetters } from './dead-letters.js';
import { Consumer } from './consumer.js';
import { Drains } from './drains.js';
import type { ForwardTarget, Forwarder } from './forwarder.js';
import { LifecycleWatch, type Emit, type QueueEvents } from './lifecycle.js';
import { KIND_QUEUE } from './layout.js';
import {
  DEFAULTS,
  checkQueueOptions,
  type ConsumerOptions,
  type ProducerOptions,
  type QueueOptions,
} from './options.js';
import { placeOf, segmentsIn, type PlaceOptions, type QueueInfo } from './place.js';
import { Participants } from './participants.js';
import { Producer } from './producer.js';
import { Returns } from './returns.js';
import { withSchema } from './schema.js';
import { queueStats, type QueueStats } from './stats.js';

/**
 * A queue on this host: every message goes to one consumer, at least once, in order per producer. This is a handle of
 * it; nothing is sent or received until it makes a producer or a consumer.
 *
 * @example
 * ```js
 * const orders = Queue.open('orders');
 * await orders.producer().send({ id: 1, total: 9.5 });
 * for await (const order of orders.consumer()) console.log(order);
 * ```
 */
export class Queue<T = unknown> extends EventEmitter<QueueEvents> {
  readonly #codec: Codec<T>;
  readonly #attachment: Attachment;
  readonly #participants: Participants;
  readonly #drains = new Drains();
  readonly #deadLetters: DeadLetters;
  readonly #returns: Returns;
  #consumers = 0;

  private constructor(
    segment: SegmentHandle,
    options: QueueOptions<T>,
    reopen: ((codec: Codec<T>) => SegmentHandle) | undefined,
  ) {
    super();
    const codec = options.codec ?? codecByName(segment.header.codecName);
    this.#codec = options.schema === undefined ? codec : withSchema(codec, options.schema);
    const watch = new LifecycleWatch(options.heldWarningMs ?? DEFAULTS.heldWarningMs, this.#emitLater);
    this.#attachment = new Attachment(segment, reopen && (() => reopen(this.#codec)), (peer) => {
      this.#emitLater('peer-lost', peer);
    });
    this.#participants = new Participants(this.#attachment, this.#drains, (channel) => {
      watch.look(channel);
    });
    this.#deadLetters = new DeadLetters(
      segment.name,
      segment.header.creationId,
      codec.name,
      options.deadLetter,
      (letters) => openForLetters(letters, codec, options),
    );
    this.#returns = new Returns({
      queue: segment.name,
      copies: () => this.forwarder(),
      deadLetters: this.#deadLetters,
      maxDeliveries: options.maxDeliveries,
      told: (letter) => {
        this.#emitLater('dead-letter', letter);
      },
    });
  }

  /**
   * Attaches to a queue, or makes it. What the creator chose holds; an option that is given and differs is an error.
   * Takes under 1 ms.
   *
   * Errors: `ERR_RINGWAY_INVALID_NAME`, `ERR_RINGWAY_NOT_FOUND` (create: 'never'), `ERR_RINGWAY_EXISTS` (create:
   * 'always'), `ERR_RINGWAY_OPTIONS_MISMATCH`, `ERR_RINGWAY_CODEC_MISMATCH`, `ERR_RINGWAY_KIND_MISMATCH`,
   * `ERR_RINGWAY_OWNER`, `ERR_RINGWAY_NOT_A_SEGMENT`, `ERR_RINGWAY_FORMAT_VERSION`, `ERR_RINGWAY_UNSUPPORTED_FEATURE`,
   * `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_OTHER_BOOT`, `ERR_RINGWAY_NO_SPACE`, `ERR_RINGWAY_UNSUPPORTED_DIR`,
   * `ERR_RINGWAY_UNSUPPORTED_PLATFORM`; `TypeError` and `RangeError` for options; those of `node:fs`.
   *
   * @param name - `[A-Za-z0-9._-]{1,150}`
   */
  static open<T = unknown>(name: string, options: QueueOptions<T> = {}): Queue<T> {
    checkQueueOptions(options);
    const segment = openChannelSegment(KIND_QUEUE, name, options);
    try {
      return new Queue(segment, options, (codec) => openChannelSegment(KIND_QUEUE, name, { ...options, codec }));
    } catch (error) {
      segment.close();
      throw error;
    }
  }

  /**
   * A queue on the heap of this thread: the same lanes without shared memory and without the addon, on every platform.
   * For unit tests.
   */
  static local<T = unknown>(options: Omit<QueueOptions<T>, 'dir' | 'mode' | 'trust' | 'create'> = {}): Queue<T> {
    checkQueueOptions(options);
    const { codec = msgpack<T>() } = options;
    return new Queue(localChannelSegment(KIND_QUEUE, options, codec.name), { ...options, codec }, undefined);
  }

  /**
   * Removes a queue's name; who has it open goes on, who opens the name gets another queue. False if there is none.
   * Errors as of `Segment.unlink`.
   */
  static unlink(name: string, options: PlaceOptions = {}): boolean {
    return Segment.unlink(name, placeOf(options));
  }

  /** Whether there is a queue, or another segment, of that name. Never loads the addon. */
  static exists(name: string, options: PlaceOptions = {}): boolean {
    return Segment.exists(name, placeOf(options));
  }

  /** The queues of a place. Read-only; never loads the addon. */
  static list(options: PlaceOptions = {}): QueueInfo[] {
    return segmentsIn(KIND_QUEUE, options);
  }

  get name(): string {
    return this.#attachment.channel.segment.name;
  }

  get closed(): boolean {
    return this.#participants.closed;
  }

  /**
   * Joins as a producer, with a lane of its own. Errors: `ERR_RINGWAY_TOO_MANY_PRODUCERS`, `ERR_RINGWAY_NO_SPACE`,
   * `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`, `ERR_RINGWAY_CLOSED`. Takes under 1 ms.
   */
  producer(options: ProducerOptions = {}): Producer<T> {
    const codec = this.#codec;
    const closed = (gone: Producer<T>): void => {
      this.#participants.left(gone);
    };
    return this.#participants.join(
      (channel, recovery) => new Producer<T>({ channel, codec, recovery, closed }, options),
    );
  }

  /**
   * Joins as a consumer. Errors: `ERR_RINGWAY_TOO_MANY_CONSUMERS`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`,
   * `ERR_RINGWAY_CLOSED`; those of `Queue.open` for the dead letters. Takes under 1 ms.
   */
  consumer(options: ConsumerOptions = {}): Consumer<T> {
    const codec = this.#codec;
    const returns = this.#returns;
    this.#participants.check();
    // What is wrong with it is told here, and not when it is needed.
    this.#deadLetters.open();
    const closed = (gone: Consumer<T>): void => {
      if (--this.#consumers === 0) this.#returns.close();
      this.#participants.left(gone);
    };
    const corrupt = (error: RingwayError): boolean => {
      this.#emitLater('corrupt-lane', error);
      return this.listenerCount('corrupt-lane') > 0;
    };
    const lettersFailed = (error: unknown): boolean => {
      this.#emitLater('dead-letter-failed', error);
      return this.listenerCount('dead-letter-failed') > 0;
    };
    const consumer = this.#participants.join(
      (channel, recovery) =>
        new Consumer<T>({ channel, codec, recovery, returns, closed, corrupt, lettersFailed }, options),
    );
    this.#consumers++;
    return consumer;
  }

  /** @internal A producer of messages that are encoded already: copies, and dead letters. Its lane counts for no stream's end. */
  forwarder(): Forwarder {
    const closed = (gone: Producer<Uint8Array>): void => {
      this.#participants.left(gone);
    };
    return this.#participants.join(
      (channel, recovery) => new Producer<Uint8Array>({ channel, codec: bytes(), recovery, closed, aside: true }, {}),
    );
  }

  /** @internal Which object it is. */
  get creationId(): string {
    return this.#attachment.channel.segment.header.creationId;
  }

  /** @internal Name of its codec. */
  get codecName(): string {
    return this.#codec.name;
  }

  /** Waits until everything that was published, by anybody, is acknowledged. */
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

  /** What goes on in the queue, for people. */
  stats(): QueueStats {
    this.#participants.check();
    const { channel } = this.#attachment;
    const stats = queueStats(channel);
    channel.segment.assertIntact();
    return stats;
  }

  /**
   * Immediate, idempotent, never throws: closes its producers and consumers and lets the memory go; waits reject with
   * `ERR_RINGWAY_CLOSED`.
   */
  close(): void {
    if (this.closed) return;
    this.#participants.close();
    this.#deadLetters.close();
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Not in the middle of a step of ours: a listener may throw, which is its caller's affair, or close the queue. */
  readonly #emitLater: Emit = (event, ...values) => {
    queueMicrotask(() => {
      (this as EventEmitter).emit(event, ...values);
    });
  };
}

/** In the same place, and open to the same people. */
function openForLetters<T>(name: string, codec: Codec<T>, { dir, mode, trust }: QueueOptions<T>): ForwardTarget {
  return Queue.open<T>(name, { codec, dir, mode, trust });
}
