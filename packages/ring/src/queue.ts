import { EventEmitter } from 'node:events';
import { LocalSegment, RingwayError, Segment, type SegmentHandle } from '@ringway/memory';
import type { Peer } from '@ringway/sync';
import { Channel, layoutOf, queueGeometry, queueSpec } from './channel.js';
import { codecByName, msgpack, type Codec } from './codec.js';
import { Consumer } from './consumer.js';
import { isDeserted, isEphemeral, unlinkIfDeserted } from './ephemeral.js';
import {
  GEOMETRY_LANE_BYTES,
  GEOMETRY_MAX_CONSUMERS,
  GEOMETRY_MAX_MESSAGE,
  GEOMETRY_MAX_PRODUCERS,
  KIND_QUEUE,
} from './layout.js';
import {
  DEFAULTS,
  checkGeometry,
  wholeNumber,
  type ConsumerOptions,
  type ProducerOptions,
  type QueueGeometry,
  type QueueOptions,
  type WaitOptions,
} from './options.js';
import { Producer } from './producer.js';
import { Recovery } from './recovery.js';
import { withSchema } from './schema.js';
import { holders, queueStats, type Holder, type QueueStats } from './stats.js';
import { Pending, checkWait } from './waits.js';

/** How often an open queue with participants looks whether it was unlinked, or something is held, in milliseconds. */
const HOUSEKEEPING_MS = 1000;

/** How often the name may be gone again between opening and joining, before that is told. */
const MOST_REOPENINGS = 100;

/** A message that has been unacknowledged for long: `held` is emitted once for each claim. */
export interface Held extends Holder {
  readonly lane: number;
}

/** Events of a queue: of its life, never messages. */
export interface QueueEvents {
  /** A participant died (it did not leave): within 250 ms after the kernel has let its lock go, if anybody here waits. */
  'peer-lost': [peer: Peer];
  /** A consumer has kept messages unacknowledged for `heldWarningMs`. */
  held: [held: Held];
  /** The queue's name was removed: who has it open goes on, newcomers get another queue. */
  unlinked: [];
  /** A lane was taken out of use. With a listener, calls that receive do not fail for it. */
  'corrupt-lane': [error: RingwayError];
}

/** Where a queue's object is. */
export interface PlaceOptions {
  /** Directory of the object, instead of POSIX shared memory. Default `RINGWAY_DIR`, else none. */
  readonly dir?: string | undefined;
}

/** A queue that exists. */
export interface QueueInfo {
  readonly name: string;
  /** Bytes of the object's address range; most of it takes no memory until a lane is in use. */
  readonly size: number;
  readonly creationId: string;
  readonly codec: string;
}

/**
 * A queue on this host: every message goes to one consumer, at least once, in order per producer. This is a handle of it; nothing is sent or received
 * until it makes a producer or a consumer.
 *
 * @example
 * ```js
 * const orders = Queue.open('orders');
 * await orders.producer().send({ id: 1, total: 9.5 });
 * for await (const order of orders.consumer()) console.log(order);
 * ```
 */
export class Queue<T = unknown> extends EventEmitter<QueueEvents> {
  readonly #reopen: (() => SegmentHandle) | undefined;
  readonly #codec: Codec<T>;
  readonly #heldWarningMs: number;
  readonly #producers = new Set<Producer<T>>();
  readonly #consumers = new Set<Consumer<T>>();
  readonly #drains = new Set<Pending<void>>();
  readonly #warned = new Set<string>();
  #channel: Channel;
  #recovery: Recovery;
  #timer: NodeJS.Timeout | undefined;
  #unlinked = false;
  #closed = false;
  /** Why it was closed, if not by the user. */
  #failure: unknown;

  private constructor(
    segment: SegmentHandle,
    options: QueueOptions<T>,
    reopen: ((codec: Codec<T>) => SegmentHandle) | undefined,
  ) {
    super();
    this.#codec = resolveCodec(segment, options);
    this.#heldWarningMs = options.heldWarningMs ?? DEFAULTS.heldWarningMs;
    this.#reopen = reopen && (() => reopen(this.#codec));
    this.#channel = new Channel(segment);
    this.#recovery = this.#newRecovery();
  }

  /**
   * Attaches to a queue, or makes it. What the creator chose holds; an option that is given and differs is an error. Takes under 1 ms.
   *
   * Errors: `ERR_RINGWAY_INVALID_NAME`, `ERR_RINGWAY_NOT_FOUND` (create: 'never'), `ERR_RINGWAY_EXISTS` (create: 'always'), `ERR_RINGWAY_OPTIONS_MISMATCH`,
   * `ERR_RINGWAY_CODEC_MISMATCH`, `ERR_RINGWAY_KIND_MISMATCH`, `ERR_RINGWAY_OWNER`, `ERR_RINGWAY_NOT_A_SEGMENT`, `ERR_RINGWAY_FORMAT_VERSION`,
   * `ERR_RINGWAY_UNSUPPORTED_FEATURE`, `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_OTHER_BOOT`, `ERR_RINGWAY_NO_SPACE`, `ERR_RINGWAY_UNSUPPORTED_DIR`,
   * `ERR_RINGWAY_UNSUPPORTED_PLATFORM`; `TypeError` and `RangeError` for options; those of `node:fs`.
   *
   * @param name - `[A-Za-z0-9._-]{1,150}`
   */
  static open<T = unknown>(name: string, options: QueueOptions<T> = {}): Queue<T> {
    checkOptions(options);
    const segment = openSegment(name, options);
    try {
      return new Queue(segment, options, (codec) => openSegment(name, { ...options, codec }));
    } catch (error) {
      segment.close();
      throw error;
    }
  }

  /** A queue on the heap of this thread: the same lanes without shared memory and without the addon, on every platform. For unit tests. */
  static local<T = unknown>(options: Omit<QueueOptions<T>, 'dir' | 'mode' | 'trust' | 'create'> = {}): Queue<T> {
    checkOptions(options);
    const { codec = msgpack<T>() } = options;
    const { kind, geometry, size } = queueSpec(queueGeometry(options));
    const segment = LocalSegment.create('local', {
      kind,
      geometry,
      size,
      codecName: codec.name,
      codecId: 0,
      schemaId: 0,
    });
    return new Queue(segment, { ...options, codec }, undefined);
  }

  /**
   * Removes a queue's name; who has it open goes on, who opens the name gets another queue. False if there is none. Errors as of `Segment.unlink`.
   */
  static unlink(name: string, options: PlaceOptions = {}): boolean {
    return Segment.unlink(name, place(options));
  }

  /** Whether there is a queue, or another segment, of that name. Never loads the addon. */
  static exists(name: string, options: PlaceOptions = {}): boolean {
    return Segment.exists(name, place(options));
  }

  /** The queues of a place. Read-only; never loads the addon. */
  static list(options: PlaceOptions = {}): QueueInfo[] {
    return Segment.list({ ...place(options), kind: KIND_QUEUE }).map(({ name, size, creationId, codecName }) => ({
      name,
      size,
      creationId,
      codec: codecName,
    }));
  }

  get name(): string {
    return this.#channel.segment.name;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Joins as a producer, with a lane of its own. Errors: `ERR_RINGWAY_TOO_MANY_PRODUCERS`, `ERR_RINGWAY_NO_SPACE`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`, `ERR_RINGWAY_CLOSED`. Takes under 1 ms. */
  producer(options: ProducerOptions = {}): Producer<T> {
    const producer = this.#join(
      () =>
        new Producer<T>(
          {
            channel: this.#channel,
            codec: this.#codec,
            recovery: this.#recovery,
            closed: (gone) => {
              this.#producers.delete(gone);
              this.#left();
            },
          },
          options,
        ),
    );
    this.#producers.add(producer);
    return producer;
  }

  /** Joins as a consumer. Errors: `ERR_RINGWAY_TOO_MANY_CONSUMERS`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`, `ERR_RINGWAY_CLOSED`. Takes under 1 ms. */
  consumer(options: ConsumerOptions = {}): Consumer<T> {
    const consumer = this.#join(
      () =>
        new Consumer<T>(
          {
            channel: this.#channel,
            codec: this.#codec,
            recovery: this.#recovery,
            closed: (gone) => {
              this.#consumers.delete(gone);
              this.#left();
            },
            corrupt: (error) => {
              this.#emitLater('corrupt-lane', error);
              return this.listenerCount('corrupt-lane') > 0;
            },
          },
          options,
        ),
    );
    this.#consumers.add(consumer);
    return consumer;
  }

  /** Waits until everything that was published, by anybody, is acknowledged. */
  drained(options?: WaitOptions): Promise<void> {
    try {
      this.#check();
      checkWait(options);
    } catch (error) {
      return Promise.reject(error);
    }
    const channel = this.#channel;
    const { segment, words, drainDoorbell } = channel;
    if (channel.isDrained()) return Promise.resolve();
    let cancel: (() => void) | undefined;
    const over = (): void => {
      if (!this.#drains.delete(pending)) return;
      cancel?.();
      if (!segment.closed) segment.releaseLoop();
    };
    const pending = new Pending<void>(options, 'the queue was not drained', over);
    const wait = (): void => {
      cancel = undefined;
      if (pending.settled || segment.closed) return;
      // Note, want, look, wait: in this order. Whoever acknowledges last stores first and looks for the wish after (Channel.drained). If he dies
      // between the two, his death is what wakes us.
      const noted = Atomics.load(words, drainDoorbell);
      channel.roster.refresh();
      this.#recovery.sweep(undefined);
      channel.wantDrain();
      segment.fence();
      if (channel.isDrained()) {
        over();
        pending.resolve();
        return;
      }
      const locks = { start: 0, count: channel.layout.slotCount, held: channel.roster.held };
      const watch = segment.watch(words, drainDoorbell, noted, locks, () => {
        try {
          wait();
        } catch (error) {
          over();
          pending.reject(error);
        }
      });
      cancel = () => {
        watch.cancel();
      };
    };
    this.#drains.add(pending);
    segment.holdLoop();
    try {
      wait();
    } catch (error) {
      over();
      pending.reject(error);
    }
    return pending.promise;
  }

  /** What goes on in the queue, for people. */
  stats(): QueueStats {
    this.#check();
    return queueStats(this.#channel);
  }

  /** Immediate, idempotent, never throws: closes its producers and consumers and lets the memory go; waits reject with `ERR_RINGWAY_CLOSED`. */
  close(): void {
    if (this.#closed) return;
    for (const producer of this.#producers) producer.close();
    for (const consumer of this.#consumers) consumer.close();
    this.#left();
    this.#closed = true;
    clearInterval(this.#timer);
    for (const pending of this.#drains) pending.reject(this.#closedError());
    this.#drains.clear();
    this.#channel.segment.close();
  }

  #fail(error: unknown): void {
    this.#failure = error;
    this.close();
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #check(): void {
    if (this.#closed) throw this.#closedError();
  }

  /** A participant of this handle is gone. Leaving never fails: what it could not clean up is left as after a kill, and the reason kept. */
  #left(): void {
    try {
      this.#cleanUp();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #cleanUp(): void {
    const { segment, layout } = this.#channel;
    if (this.#closed || segment.closed || this.#producers.size > 0 || this.#consumers.size > 0) return;
    if (isEphemeral(segment)) unlinkIfDeserted(segment, layout.slotCount);
    // Whose name is gone is joined by nobody any more: what was spilled from it goes with its last participant.
    if (!segment.isLinked() && isDeserted(segment, layout.slotCount)) {
      for (const suffix of segment.attachments.list('')) segment.attachments.remove(suffix);
    }
  }

  #closedError(): RingwayError {
    const message = 'this queue was closed: open it again';
    return new RingwayError(
      'ERR_RINGWAY_CLOSED',
      message,
      this.#failure === undefined ? undefined : { cause: this.#failure },
    );
  }

  /** A queue that was unlinked before anybody joined by this handle is opened anew: the name is what the user asked for. */
  #join<P>(make: () => P): P {
    this.#check();
    const idle = this.#producers.size === 0 && this.#consumers.size === 0 && this.#drains.size === 0;
    let made: P | undefined;
    for (let tries = 0; made === undefined; tries++) {
      try {
        made = make();
      } catch (error) {
        const unlinked = error instanceof RingwayError && error.code === 'ERR_RINGWAY_UNLINKED';
        if (!unlinked || !idle || this.#reopen === undefined || tries === MOST_REOPENINGS) throw error;
        const segment = this.#reopen();
        try {
          checkCodec(segment, this.#codec);
        } catch (mismatch) {
          segment.close();
          throw mismatch;
        }
        this.#channel.segment.close();
        this.#channel = new Channel(segment);
        this.#recovery = this.#newRecovery();
      }
    }
    this.#timer ??= setInterval(() => {
      try {
        this.#housekeep();
      } catch (error) {
        // The descriptor was taken away, or the like: nothing here works any more, and the others count us as dead.
        this.#fail(error);
      }
    }, HOUSEKEEPING_MS).unref();
    return made;
  }

  #newRecovery(): Recovery {
    return new Recovery(this.#channel, (peer) => {
      this.#emitLater('peer-lost', peer);
    });
  }

  /** Not in the middle of a step of ours: a listener may throw, which is its caller's affair, or close the queue. */
  #emitLater<E extends keyof QueueEvents>(event: E, ...values: QueueEvents[E]): void {
    queueMicrotask(() => {
      (this as EventEmitter).emit(event, ...values);
    });
  }

  #housekeep(): void {
    const channel = this.#channel;
    if (!this.#unlinked && !channel.segment.isLinked()) {
      this.#unlinked = true;
      this.#emitLater('unlinked');
    }
    for (const producer of this.#producers) producer.housekeep();
    for (const consumer of this.#consumers) consumer.housekeep();
    for (const lane of channel.lanes()) {
      for (const holder of holders(channel, lane)) {
        const key = `${lane.index}/${holder.slot}`;
        if (holder.milliseconds < this.#heldWarningMs) this.#warned.delete(key);
        else if (!this.#warned.has(key)) {
          this.#warned.add(key);
          this.#emitLater('held', { lane: lane.index, ...holder });
        }
      }
    }
  }
}

function place(options: PlaceOptions): { dir?: string } {
  return options.dir === undefined ? {} : { dir: options.dir };
}

function checkOptions<T>(options: QueueOptions<T>): void {
  checkGeometry(options);
  if (options.heldWarningMs !== undefined)
    wholeNumber('heldWarningMs', options.heldWarningMs, 1, Number.MAX_SAFE_INTEGER);
  const create: unknown = options.create ?? 'if-missing';
  if (create !== 'if-missing' && create !== 'never' && create !== 'always') {
    throw new RangeError(`create must be 'if-missing', 'never' or 'always', not ${String(create)}`);
  }
}

function openSegment<T>(name: string, options: QueueOptions<T>): Segment {
  const expectations = {
    ...place(options),
    kind: KIND_QUEUE,
    ...(options.trust === undefined ? {} : { trust: options.trust }),
  };
  const spec = {
    ...queueSpec(queueGeometry(options)),
    ...expectations,
    mode: options.mode ?? DEFAULTS.mode,
    codecName: (options.codec ?? msgpack()).name,
    codecId: 0,
    schemaId: 0,
  };
  const open = {
    never: () => Segment.open(name, expectations),
    always: () => Segment.create(name, spec),
    'if-missing': () => Segment.openOrCreate(name, spec),
  }[options.create ?? 'if-missing'];
  let segment = open();
  // Its participants died, the last one before he could remove it: what is in it died with them. (One that nobody has joined yet is somebody's who is
  // about to.)
  while (
    isEphemeral(segment) &&
    new Channel(segment).wasJoined &&
    unlinkIfDeserted(segment, layoutOf(segment.header, name).slotCount)
  ) {
    segment.close();
    segment = open();
  }
  try {
    checkInherited(segment, options);
    return segment;
  } catch (error) {
    segment.close();
    throw error;
  }
}

/** Geometry belongs to the creator: what was given and differs is an error, with both values. */
function checkInherited(segment: Segment, options: QueueGeometry): void {
  const { geometry } = segment.header;
  const given: [name: string, mine: number | undefined, theirs: number][] = [
    ['laneBytes', options.laneBytes, geometry[GEOMETRY_LANE_BYTES]],
    ['maxProducers', options.maxProducers, geometry[GEOMETRY_MAX_PRODUCERS]],
    ['maxConsumers', options.maxConsumers, geometry[GEOMETRY_MAX_CONSUMERS]],
    ['maxMessageBytes', options.maxMessageBytes, geometry[GEOMETRY_MAX_MESSAGE]],
    [
      'ephemeral',
      options.ephemeral === undefined ? undefined : Number(options.ephemeral),
      Number(isEphemeral(segment)),
    ],
  ];
  for (const [name, mine, theirs] of given) {
    if (mine === undefined || mine === theirs) continue;
    throw new RingwayError(
      'ERR_RINGWAY_OPTIONS_MISMATCH',
      `queue ${JSON.stringify(segment.name)} was created with ${name} ${theirs}, this call says ${mine}: leave the option out to take what is there`,
    );
  }
}

function resolveCodec<T>(segment: SegmentHandle, options: QueueOptions<T>): Codec<T> {
  const { codecName } = segment.header;
  const codec = options.codec ?? codecByName(codecName);
  checkCodec(segment, codec);
  return options.schema === undefined ? codec : withSchema(codec, options.schema);
}

function checkCodec(segment: SegmentHandle, codec: { readonly name: string }): void {
  const { codecName } = segment.header;
  if (codec.name === codecName) return;
  throw new RingwayError(
    'ERR_RINGWAY_CODEC_MISMATCH',
    `queue ${JSON.stringify(segment.name)} was created with codec ${JSON.stringify(codecName)}, this handle has ${JSON.stringify(codec.name)}: open it with the same codec`,
  );
}
