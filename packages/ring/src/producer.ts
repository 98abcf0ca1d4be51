import { Turn, checkWait, leaving, type WaitOptions } from '@ringway/sync';
import type { Channel } from './channel.js';
import type { Codec } from './codec.js';
import { monotonicMs } from './clock.js';
import { LANE_LABEL_BYTES, LANE_STATE } from './layout.js';
import type { Metadata } from './metadata.js';
import { checkIdle, checkKey, checkLabel, wholeNumber, type ProducerOptions } from './options.js';
import { ProducerCore, laneLost, outgoingLength } from './producer-core.js';
import type { Recovery } from './recovery.js';
import { SendQueue } from './send-queue.js';

const RESOLVED = Promise.resolve();
/** Messages of a batch between two looks at whether the event loop is due a turn, and at the signal. */
const BATCH_MESSAGES = 64;
const MOST_PRIORITY = 1000;

/** What a message may carry besides its value. */
export interface MessageOptions {
  /** Strings by name; delivered as `delivery.headers`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Milliseconds from the call, above 0: who would get it later does not get it. It goes to the dead letters then, if the consumer's queue has any. Default: for ever.
   */
  readonly ttlMs?: number | undefined;
  /** What the message is about, 1 to 255 bytes of UTF-8: subscribers of a topic can choose by it, consumers see it. */
  readonly key?: string | undefined;
}

/** Options of `send`. */
export interface SendOptions extends MessageOptions, WaitOptions {}

/** A place in the lane where the caller writes a message himself: no copy. */
export interface Reservation {
  /** Exactly as many bytes as were asked for, 8-byte aligned, in shared memory: not for asynchronous APIs of Node. Contents are undefined. */
  readonly bytes: Uint8Array;
  /** Sends it. */
  publish(): void;
  /** Gives the place up. */
  cancel(): void;
}

/** What a producer needs of its queue. */
export interface ProducerContext<T> {
  readonly channel: Channel;
  readonly codec: Codec<T>;
  readonly recovery: Recovery;
  readonly closed: (producer: Producer<T>) => void;
  /** What it sends belongs to no stream that ends: messages that were received come back through it. */
  readonly aside?: boolean;
}

/**
 * Sends messages into a lane of its own. Made by `queue.producer()`. Errors of every method that sends: `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_ENDED`,
 * `ERR_RINGWAY_ENCODE` (the codec threw), `ERR_RINGWAY_SCHEMA`, `ERR_RINGWAY_MESSAGE_TOO_LARGE`, `ERR_RINGWAY_NO_SPACE` (a message that has to be spilled),
 * `ERR_RINGWAY_CORRUPT_LANE`; `TypeError` and `RangeError` for bad headers.
 */
export class Producer<T> {
  readonly #context: ProducerContext<T>;
  readonly #core: ProducerCore<T>;
  readonly #sends: SendQueue<T>;
  readonly #turn = new Turn();

  /** @internal */
  constructor(context: ProducerContext<T>, options: ProducerOptions) {
    const { channel, recovery, codec } = context;
    const { idle, pollMicroseconds } = checkIdle(options);
    const label = checkLabel(options.label, LANE_LABEL_BYTES);
    const publish: unknown = options.publish ?? 'each';
    if (publish !== 'each' && publish !== 'tick')
      throw new RangeError(`publish must be 'each' or 'tick', not ${String(publish)}`);
    const { aside = false } = context;
    const priority = wholeNumber('priority', options.priority ?? 0, -MOST_PRIORITY, MOST_PRIORITY);
    const settings = { label, priority, timestamps: options.timestamps === true, tick: publish === 'tick', aside };
    this.#context = context;
    this.#core = new ProducerCore(channel, recovery, codec, settings);
    this.#sends = new SendQueue(this.#core, channel, recovery, idle, pollMicroseconds);
  }

  /** Number of this producer's slot in the participant table, as `stats()` and `peer-lost` name it. */
  get slot(): number {
    return this.#core.slot;
  }

  /** Whether `close` or `end` was called. */
  get closed(): boolean {
    return !this.#core.open;
  }

  /**
   * Sends a message; waits while the lane is full. Resolved means: it is in shared memory, and survives the death of this process; not that
   * it was handled. Sends of one producer keep their order. Rejects with `AbortError` or `ERR_RINGWAY_TIMEOUT`; then nothing was published.
   * Cost where there is room: the codec, one copy, two atomic operations.
   */
  send(value: T, options?: SendOptions): Promise<void> {
    try {
      const payload = this.#core.encode(value);
      checkWait(options);
      if (!this.#core.busy() && options === undefined && this.#core.writePlain(payload) === true) return this.#sent();
      const outgoing = this.#core.prepare(payload, carriedBy(options));
      if (!this.#core.busy() && this.#core.write(outgoing)) return this.#sent();
      return this.#sends.enqueue(outgoing, outgoingLength(outgoing), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends a message if there is room and no `send` waits; else false. */
  trySend(value: T, options?: MessageOptions): boolean {
    if (this.#core.busy()) {
      this.#core.check();
      return false;
    }
    const payload = this.#core.encode(value);
    // The codec may have called `send`, which waits now.
    if (this.#core.busy()) return false;
    if (options === undefined) {
      const written = this.#core.writePlain(payload);
      if (written !== undefined) return written;
    }
    return this.#tryWrite(payload, carriedBy(options));
  }

  /** @internal Sends what was received as it is, with what it carries, if there is room and no `send` waits; else false. */
  tryForward(payload: Uint8Array, carried: Metadata): boolean {
    this.#core.check();
    return !this.#core.busy() && this.#tryWrite(payload, carried);
  }

  /**
   * Sends as many of `values` as there is room for, in order, published together, at the latest every 16 KiB; none while a `send` waits. Where one fails, those before it were sent,
   * and are published. The cheapest way to send many small messages: with `bytes()` and 64 bytes about 20 ns each, by `trySend` 27.
   *
   * @param from - index of the first to send; default 0
   * @returns how many were sent
   */
  trySendMany(values: readonly T[], from = 0): number {
    wholeNumber('from', from, 0, Number.MAX_SAFE_INTEGER);
    const sent = this.#core.writeMany(values, from, values.length);
    const unsent = this.#core.takeUnsent();
    if (unsent !== undefined) this.#core.discard(unsent);
    return sent;
  }

  /** Waits until what `trySend`, `trySendMany` or `tryReserve` refused last fits, and no `send` waits. */
  ready(options?: WaitOptions): Promise<void> {
    try {
      this.#core.check();
      checkWait(options);
      const { refused } = this.#core;
      if (!this.#core.busy() && this.#core.fits(refused)) return RESOLVED;
      return this.#sends.enqueue(undefined, refused, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Sends many messages, publishing as few times as possible: they become visible together, at the latest every 16 KiB. An abort or error in between
   * leaves those sent that came before it.
   */
  async sendMany(values: Iterable<T> | AsyncIterable<T>, options?: SendOptions): Promise<void> {
    this.cork();
    try {
      if (Array.isArray(values)) await this.#sendAll(values as readonly T[], options);
      else if (Symbol.asyncIterator in values) for await (const value of values) await this.send(value, options);
      else for (const value of values) await this.send(value, options);
    } finally {
      this.uncork();
    }
  }

  /** As `send`, but blocks the thread. Throws `ERR_RINGWAY_TIMEOUT`. For workers and scripts. */
  sendSync(value: T, options?: MessageOptions & { readonly timeout?: number | undefined }): void {
    const payload = this.#core.encode(value);
    checkWait(options);
    const carried = carriedBy(options);
    if (!this.#core.busy() && carried === undefined && this.#core.writePlain(payload) === true) return;
    const outgoing = this.#core.prepare(payload, carried);
    if (!this.#core.busy() && this.#core.write(outgoing)) return;
    this.#sends.enqueueSync(outgoing, options?.timeout ?? Infinity);
  }

  /** A place for a message of exactly `bytes` bytes, to be written without a copy; undefined while there is no room, or a `send` waits. Nothing else can be sent until it is published or cancelled. */
  tryReserve(bytes: number): Reservation | undefined {
    const core = this.#core;
    core.check();
    if (this.#core.busy()) return undefined;
    core.checkReserve(bytes);
    const offset = core.reserve(bytes);
    if (offset < 0) return undefined;
    this.#sends.hold();
    const { writer } = core;
    let open = true;
    const settle = (write: boolean): void => {
      if (!open) return;
      open = false;
      if (!core.open) core.check();
      const lost = writer !== core.writer || writer.quarantined;
      if (write && !lost) core.writeReserved(bytes);
      this.#sends.letGo();
      if (!write || !lost) return;
      // The lane in which it was written is not this producer's any more, or out of use.
      if (writer === core.writer) core.replaceLane();
      throw laneLost(writer.lane);
    };
    return {
      bytes: new Uint8Array(writer.lane.bytes.buffer, offset, bytes),
      publish: () => {
        settle(true);
      },
      cancel: () => {
        settle(false);
      },
    };
  }

  /** As `tryReserve`, but waits for room. */
  async reserve(bytes: number, options?: WaitOptions): Promise<Reservation> {
    this.#core.check();
    checkWait(options);
    this.#core.checkReserve(bytes);
    for (;;) {
      checkWait(options);
      const reservation = this.tryReserve(bytes);
      if (reservation !== undefined) return reservation;
      await this.#sends.enqueue(undefined, bytes, options);
    }
  }

  /** From here messages are written but not published, until as many `uncork` calls. A lane that is full is published all the same. */
  cork(): void {
    this.#core.cork();
  }

  /** See `cork`. */
  uncork(): void {
    this.#core.uncork();
  }

  /**
   * The end of the stream: waits until every pending `send` is in the lane, and tells consumers that no more will come. They see the end when all producers
   * have ended and everything is acknowledged. Then as `close`.
   */
  async end(options?: WaitOptions): Promise<void> {
    this.#core.check();
    checkWait(options);
    if (this.#sends.waiting) {
      await this.#sends.enqueue(undefined, 0, options);
      // Another call may have ended it meanwhile.
      this.#core.check();
    }
    this.#leave(LANE_STATE.ended);
  }

  /** As on sockets: whether a `send` that waits keeps the process alive. Default it does. */
  ref(): this {
    this.#sends.reference(true);
    return this;
  }

  /** See `ref`. */
  unref(): this {
    this.#sends.reference(false);
    return this;
  }

  /**
   * Immediate, idempotent, never throws: what was sent is published and stays, sends that wait reject with `ERR_RINGWAY_CLOSED`. Not an end: consumers go
   * on waiting for another producer.
   */
  close(): void {
    if (this.#core.open) this.#leave(LANE_STATE.abandoned);
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** As `end`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#core.open) await this.end();
  }

  /** @internal The segment has lost memory: what waits rejects with this. */
  fail(error: unknown): void {
    this.#sends.stop();
    this.#sends.rejectAll(error);
  }

  /** @internal Now and then, from the queue. */
  housekeep(): void {
    this.#core.housekeep();
  }

  #sent(): Promise<void> {
    return this.#turn.spent() ? this.#turn.next() : RESOLVED;
  }

  async #sendAll(values: readonly T[], options: SendOptions | undefined): Promise<void> {
    for (let at = 0; at < values.length;) {
      checkWait(options);
      const to = Math.min(at + BATCH_MESSAGES, values.length);
      const plain = options?.headers === undefined && options?.ttlMs === undefined && options?.key === undefined;
      const written = plain ? this.#core.writeMany(values, at, to) : 0;
      at += written;
      const unsent = this.#core.takeUnsent();
      if (unsent !== undefined) {
        at++;
        // The codec may have aborted it.
        if (options?.signal?.aborted === true) this.#core.discard(unsent);
        checkWait(options);
        await this.#sends.enqueue(unsent, outgoingLength(unsent), options);
      } else if (this.#turn.spent(written)) await this.#turn.next();
      else if (at < to) await this.send(values[at++], options);
    }
  }

  #tryWrite(payload: Uint8Array, carried: Metadata | undefined): boolean {
    const outgoing = this.#core.prepare(payload, carried);
    // Options and headers are the user's: a getter may have reserved a place, or have sent something that waits.
    if (!this.#core.busy() && this.#core.write(outgoing)) return true;
    this.#core.discard(outgoing);
    return false;
  }

  #leave(state: typeof LANE_STATE.ended | typeof LANE_STATE.abandoned): void {
    leaving(this.#context.channel.segment, () => {
      this.#sends.stop();
    });
    this.#core.leave(state);
    this.#context.closed(this);
  }
}

/** What a message carries besides its value; undefined if nothing. Throws a `RangeError` for a bad `ttlMs` or `key`. */
function carriedBy(options: MessageOptions | undefined): Metadata | undefined {
  if (options === undefined) return undefined;
  const { headers, ttlMs, key } = options;
  if (key !== undefined) checkKey(key);
  if (ttlMs === undefined) return headers === undefined && key === undefined ? undefined : { headers, key };
  if (!(typeof ttlMs === 'number' && ttlMs > 0)) {
    throw new RangeError(`ttlMs must be a number of milliseconds above 0, not ${String(ttlMs)}`);
  }
  return { headers, key, expiry: monotonicMs() + ttlMs };
}
