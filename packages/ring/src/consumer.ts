import { setMaxListeners } from 'node:events';
import { RingwayError, type SegmentHandle } from '@ringway/memory';
import { Turn, type Idle } from '@ringway/sync';
import type { Channel } from './channel.js';
import type { Claim } from './claim.js';
import type { Codec } from './codec.js';
import { ConsumerCore } from './consumer-core.js';
import { DecodeError, Delivery } from './delivery.js';
import { frameType, metadataBytes } from './frame.js';
import { FRAME_HEADER_BYTES, FRAME_TYPE, LANE_LABEL_BYTES } from './layout.js';
import { Loop, type LoopContext } from './loop.js';
import { decodeMetadata } from './metadata.js';
import { DEFAULTS, checkIdle, checkLabel, wholeNumber, type ConsumerOptions, type WaitOptions } from './options.js';
import type { Recovery } from './recovery.js';
import { decodeSpillReference, spillSuffix } from './spill.js';
import { Pending, checkWait, timeoutError } from './waits.js';

const MAX_PREFETCH = 65_536;
const MAX_CONCURRENCY = 65_536;
const NO_MESSAGE = 'no message came';
const MESSAGE = FRAME_TYPE.message;

/**
 * Called by `poll` for each message, in place. `bytes` is the lane itself, shared memory: another process could change it meanwhile, so hand it to no
 * asynchronous API and to no decoder unless you trust the producers; copy it instead. Valid during the call only.
 */
export type PollHandler = (bytes: Uint8Array, offset: number, length: number, redelivered: boolean) => void;

/** Handles one message in `run`; resolved means acknowledged. */
export type RunHandler<T> = (value: T, delivery: Delivery<T>) => unknown;

/** Options of `run`. */
export interface RunOptions {
  /** Handlers at a time. Default 1. */
  readonly concurrency?: number | undefined;
  /** Ends the run: waits for the handlers that are at work, then rejects with `AbortError`. */
  readonly signal?: AbortSignal | undefined;
  /** What cannot be decoded, instead of failing the run with it. It stays unacknowledged unless this acknowledges it. */
  readonly onDecodeError?: ((error: DecodeError) => void) | undefined;
}

/** What a consumer needs of its queue. */
export interface ConsumerContext<T> {
  readonly channel: Channel;
  readonly codec: Codec<T>;
  readonly recovery: Recovery;
  readonly closed: (consumer: Consumer<T>) => void;
  /** A lane was taken out of use. True if somebody listens, so that it need not fail a call. */
  readonly corrupt: (error: RingwayError) => boolean;
}

/**
 * Receives messages; each message goes to one consumer of the queue. Made by `queue.consumer()`. At least once: a message that is not acknowledged
 * when its consumer dies or closes goes to another one, with `redelivered: true`. Errors of every method: `ERR_RINGWAY_CLOSED`;
 * `ERR_RINGWAY_DECODE` and `ERR_RINGWAY_SCHEMA` (as `DecodeError`), `ERR_RINGWAY_CORRUPT_LANE`; after each of these three the consumer can be used on.
 */
export class Consumer<T> implements AsyncIterable<T> {
  readonly #context: ConsumerContext<T>;
  readonly #segment: SegmentHandle;
  readonly #core: ConsumerCore;
  readonly #idle: Idle;
  readonly #turn = new Turn();
  readonly #prefetch: number;
  readonly #closeOnReturn: boolean;
  readonly #creationId: string;
  readonly #receives: Pending<Delivery<T> | undefined>[] = [];
  readonly #runs = new Set<Promise<unknown>>();
  /** Loops that have a message in hand, which they acknowledge when they ask for the next one. */
  readonly #busyLoops = new Set<object>();
  #limit: number;
  #failure: RingwayError | undefined;
  #polling: Claim | undefined;
  #pollingAlone = false;
  #blocking: (() => boolean) | undefined;
  #stopping = false;
  /** Told when a run or a loop has finished with what it had, while {@link Consumer.stop} waits. */
  readonly #stopped: (() => void)[] = [];
  /** Taken for a wait that was over by then, because the codec ended it. */
  readonly #unclaimed: Delivery<T>[] = [];

  /** @internal */
  constructor(context: ConsumerContext<T>, options: ConsumerOptions) {
    const { channel } = context;
    const { idle, pollMicroseconds } = checkIdle(options);
    const label = checkLabel(options.label, LANE_LABEL_BYTES);
    this.#prefetch = this.#limit = wholeNumber('prefetch', options.prefetch ?? DEFAULTS.prefetch, 1, MAX_PREFETCH);
    this.#closeOnReturn = options.closeOnReturn ?? true;
    this.#context = context;
    this.#segment = channel.segment;
    this.#creationId = channel.segment.header.creationId;
    this.#core = new ConsumerCore(channel, context.recovery, label, this.#prefetch, (error) => {
      if (!this.#context.corrupt(error)) this.#failure = error;
    });
    const { slot } = this.#core;
    const { doorbells } = channel;
    const waiting = {
      doorbell: channel.slots.doorbell(slot),
      look: () => (this.#blocking === undefined ? this.#look() : this.#blocking()),
      lookForDead: () => {
        if (!this.closed) this.#core.lookForDead();
      },
      announce: () => {
        channel.raiseConsumersHigh(slot);
        this.#core.wantEnd();
        doorbells.announce(slot);
      },
      passOn: () => {
        if (!this.closed && this.#core.blocked) doorbells.ringNext(slot);
      },
      failed: (error: unknown) => {
        for (const pending of this.#receives.splice(0)) pending.reject(error);
      },
      withdraw: (leaving: boolean) => {
        if (this.closed || this.#segment.closed) return;
        if (!doorbells.withdraw(slot) && leaving) doorbells.ringOne();
      },
    };
    this.#idle = channel.newIdle(waiting, idle, pollMicroseconds);
  }

  /** Number of this consumer's slot in the participant table, as `stats()` and `peer-lost` name it. */
  get slot(): number {
    return this.#core.slot;
  }

  get closed(): boolean {
    return this.#core.closed;
  }

  /**
   * The next message; waits for one. Undefined when the stream has ended: some producer has ended, none is left, and everything is acknowledged; or
   * after `stop`. Acknowledge it with `delivery.ack()`.
   */
  receive(options?: WaitOptions): Promise<Delivery<T> | undefined> {
    try {
      this.#check();
      checkWait(options);
      if (this.#stopping) return Promise.resolve(undefined);
      if (this.#receives.length === 0 && !this.#turn.spent()) {
        const delivery = this.#take();
        if (delivery !== undefined) return Promise.resolve(delivery);
        if (this.#atEnd()) return Promise.resolve(undefined);
      } else if (this.#receives.length === 0) {
        // Nobody overtakes while the event loop has its turn: what is asked for meanwhile queues up behind this one.
        void this.#turn.next().then(() => {
          if (!this.closed && !this.#look()) this.#idle.start();
        });
        return this.#enqueue(options);
      }
    } catch (error) {
      return Promise.reject(error);
    }
    const promise = this.#enqueue(options);
    this.#idle.start();
    return promise;
  }

  /** The next message, if there is one now. */
  tryReceive(): Delivery<T> | undefined {
    this.#check();
    return this.#receives.length > 0 || this.#stopping ? undefined : this.#take();
  }

  /** As `receive`, but blocks the thread. Throws `ERR_RINGWAY_TIMEOUT`. For workers and scripts. */
  receiveSync(options?: { readonly timeout?: number | undefined }): Delivery<T> | undefined {
    let delivery: Delivery<T> | undefined;
    this.#block(options?.timeout, () => (delivery = this.#take()) !== undefined || this.#atEnd());
    return delivery;
  }

  /**
   * Hands up to `limit` messages (default: `prefetch`) of one lane to `handler`, in place and at once, and acknowledges them when it is through; returns how
   * many; 0 when there is nothing in any lane. The next call begins with the next lane.
   * The fastest way to receive. A handler that throws has not acknowledged its message: it is the next one again. Throws
   * `ERR_RINGWAY_ASYNC_HANDLER` for a handler that returns a promise, `ERR_RINGWAY_BUSY` when called by a handler.
   */
  poll(handler: PollHandler, limit: number = this.#prefetch): number {
    this.#check();
    const most = Math.min(limit, this.#prefetch);
    // Again only where a claim held nothing but frames of the protocol's own.
    for (;;) {
      const claim = most > 0 && !this.#stopping ? this.#core.next(most) : undefined;
      if (claim === undefined) break;
      const done = this.#pollClaim(claim, handler, most);
      this.#core.turnToNextLane();
      if (done > 0 || this.closed) return done;
    }
    this.#throwFailure();
    return 0;
  }

  /** As `poll`, but blocks the thread until there is a message (or the end: 0). Throws `ERR_RINGWAY_TIMEOUT`. */
  pollSync(
    handler: PollHandler,
    options?: { readonly limit?: number | undefined; readonly timeout?: number | undefined },
  ): number {
    let done = this.poll(handler, options?.limit);
    if (done > 0) return done;
    this.#block(options?.timeout, () => (done = this.poll(handler, options?.limit)) > 0 || this.#atEnd());
    return done;
  }

  /**
   * Runs a handler for each message until the stream ends, `stop` is called, or something fails. A handler that resolves acknowledges; one that fails
   * fails the run, which waits for the others first. Leaving this way closes the consumer unless `closeOnReturn` is false. `concurrency`
   * above `prefetch` claims that many messages at a time.
   */
  async run(handler: RunHandler<T>, options: RunOptions = {}): Promise<void> {
    this.#check();
    checkWait(options);
    const concurrency = wholeNumber('concurrency', options.concurrency ?? 1, 1, MAX_CONCURRENCY);
    this.#limit = Math.max(this.#prefetch, concurrency);
    this.#core.makeRoom(this.#limit);
    const failed = new AbortController();
    const signal = options.signal === undefined ? failed.signal : AbortSignal.any([failed.signal, options.signal]);
    // One listener for each handler that waits, and they are taken off: not the leak that Node warns of.
    setMaxListeners(0, signal);
    let failure: { error: unknown } | undefined;
    let over = false;
    const worker = async (): Promise<void> => {
      try {
        for (;;) {
          const delivery = await this.#receiveFor(signal, options.onDecodeError);
          if (delivery === undefined) break;
          await handler(delivery.value, delivery);
          delivery.ack();
        }
        // The end is told once, to whoever asks first; the others wait in vain.
        over = true;
      } catch (error) {
        if (!over) failure ??= { error };
      }
      failed.abort();
    };
    const run = Promise.all(Array.from({ length: concurrency }, worker));
    this.#track(run);
    await run;
    this.#limit = this.#prefetch;
    if (failure === undefined) return;
    if (this.#closeOnReturn) this.close();
    throw failure.error;
  }

  /** The messages, until the stream ends. Each is acknowledged when the next one is asked for. Leaving the loop leaves the last one unacknowledged, and closes the consumer unless `closeOnReturn` is false. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.values();
  }

  /** As iterating the consumer itself, with options. */
  values(options?: WaitOptions): AsyncIterableIterator<T> {
    return this.#acknowledgingLoop(
      options,
      (delivery) => [delivery],
      ([delivery]) => delivery.value,
    );
  }

  /** The messages as deliveries, until the stream ends; acknowledging them is yours. */
  deliveries(options?: WaitOptions): AsyncIterableIterator<Delivery<T>> {
    return this.#loop(
      options,
      () => undefined,
      (delivery) => delivery,
      this.#leave,
    );
  }

  /** What is there, up to `max` messages (default: `prefetch`) at a time; never waits to fill. Acknowledged when the next batch is asked for. */
  batches(options: WaitOptions & { readonly max?: number | undefined } = {}): AsyncIterableIterator<T[]> {
    const max = wholeNumber('max', options.max ?? this.#prefetch, 1, MAX_PREFETCH);
    return this.#acknowledgingLoop(
      options,
      (first) => {
        const batch = [first];
        while (batch.length < max) {
          const delivery = this.#takeOrFail();
          if (delivery === undefined) break;
          batch.push(delivery);
        }
        return batch;
      },
      (batch) => batch.map(({ value }) => value),
    );
  }

  /** As on sockets: whether a wait for messages keeps the process alive. Default it does; a consumer on which nothing waits never does. */
  ref(): this {
    this.#idle.reference(true);
    return this;
  }

  /** See `ref`. */
  unref(): this {
    this.#idle.reference(false);
    return this;
  }

  /** Claims no more, lets handlers and loops finish what they have, hands the rest over, and closes. Waits end as at the end of a stream. A handler or loop of this consumer that awaits it waits for itself: do not. */
  async stop(options?: WaitOptions): Promise<void> {
    if (this.closed) return;
    checkWait(options);
    this.#stopping = true;
    this.#idle.stop();
    for (const pending of this.#receives.splice(0)) pending.resolve(undefined);
    const finished = new Pending<void>(options, 'the handlers did not finish', () => undefined);
    this.#stopped.push(() => {
      finished.resolve();
    });
    this.#tellStopped();
    await finished.promise;
    this.close();
  }

  /** Immediate, idempotent, never throws: messages that are not acknowledged go to other consumers as redelivered; waits reject with `ERR_RINGWAY_CLOSED`. */
  close(): void {
    if (this.closed) return;
    this.#idle.stop();
    if (this.#polling !== undefined && !this.#segment.closed) {
      // In the middle of poll: what was handled is done, but for the message whose handler calls this.
      this.#polling.undeliver(1);
      // What was received before and is not acknowledged stays so; then each message was acknowledged by itself.
      if (this.#pollingAlone) this.#polling.acknowledgeAll();
    }
    this.#core.close();
    this.#busyLoops.clear();
    this.#tellStopped();
    for (const pending of this.#receives.splice(0)) pending.reject(closedError());
    this.#context.closed(this);
  }

  /** @internal Now and then, from the queue: a consumer whose handlers take long neither parks nor asks for more, and looks for the dead here. */
  housekeep(): void {
    // Only while somebody works here: who does not receive must not keep what others could have.
    const working = this.#runs.size > 0 || this.#busyLoops.size > 0 || this.#receives.length > 0;
    if (working && !this.closed && this.#polling === undefined) this.#core.lookForDeadIfDue();
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** As `stop`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #check(): void {
    if (this.closed || this.#segment.closed) throw closedError();
    if (this.#polling !== undefined) {
      throw new RingwayError(
        'ERR_RINGWAY_BUSY',
        'a handler of poll() cannot receive from the same consumer: return first',
      );
    }
  }

  #throwFailure(): void {
    const failure = this.#failure;
    if (failure === undefined) return;
    this.#failure = undefined;
    throw failure;
  }

  #atEnd(): boolean {
    if (this.#stopping) return true;
    if (!this.#core.hasEnded()) return false;
    this.#core.endSeen();
    return true;
  }

  /** The next message. Throws DecodeError, and what took a lane out of use. */
  #take(): Delivery<T> | undefined {
    if (this.#unclaimed.length > 0) return this.#unclaimed.shift();
    for (;;) {
      const claim = this.#core.next(this.#limit);
      if (claim === undefined) {
        this.#throwFailure();
        return undefined;
      }
      if (claim.waiting === 1) this.#core.turnToNextLane();
      const number = claim.deliver();
      if (!claim.passOver(number)) return this.#decode(claim, number);
    }
  }

  #decode(claim: Claim, number: number): Delivery<T> {
    const place = number & claim.mask;
    const start = (claim.positions[place] & (claim.lane.capacity - 1)) + FRAME_HEADER_BYTES;
    const tag = claim.tags[place];
    // A private copy, before anything is decoded: the bytes may change under a decoder (P2).
    const copy = claim.lane.bytes.slice(start, start + claim.lengths[place]);
    const source = {
      claim,
      number,
      metadata: {},
      attempts: claim.attempts + 1,
      acknowledge: this.#acknowledge,
      creationId: this.#creationId,
    };
    let payload: Uint8Array = copy;
    try {
      if (tag !== MESSAGE) {
        const extra = metadataBytes(tag);
        const metadata = decodeMetadata(copy.subarray(0, extra));
        source.metadata = metadata;
        source.attempts += metadata.attempts ?? 0;
        payload = copy.subarray(extra);
        if (frameType(tag) === FRAME_TYPE.spill) payload = this.#readSpill(claim, payload);
      }
      const value = this.#context.codec.decode(payload);
      // The codec is the user's: it may have closed this consumer.
      if (this.closed) throw closedError();
      return new Delivery(value, source);
    } catch (error) {
      if (this.closed) throw error;
      throw new DecodeError(this.#context.codec.name, new Delivery(payload, source), error);
    }
  }

  #readSpill(claim: Claim, payload: Uint8Array): Uint8Array {
    const lane = claim.lane.index;
    const { maxMessageBytes } = this.#context.channel;
    const reference = decodeSpillReference(payload, this.#creationId, lane, maxMessageBytes);
    const message =
      reference && this.#segment.attachments.read(spillSuffix(lane, reference.sequence), reference.length);
    if (message !== undefined) return message;
    throw new RingwayError(
      'ERR_RINGWAY_CORRUPT_LANE',
      reference === undefined
        ? `lane ${lane} holds a reference to a spilled message that no producer of this queue wrote; the message is lost`
        : `the spilled message ${spillSuffix(lane, reference.sequence)} is gone: somebody removed its object; the message is lost`,
    );
  }

  readonly #acknowledge = (claim: Claim, number: number): void => {
    if (this.closed || !claim.acknowledge(number)) return;
    this.#core.settle();
    // A wait of this consumer may have been held up by its own claim.
    this.#lookAgain();
  };

  /** Serves who waits. Not inside of poll, which acknowledges all that was delivered meanwhile: it calls this at its end. */
  #lookAgain(): void {
    if (this.#polling === undefined && this.#idle.active && this.#look()) this.#idle.stop();
  }

  #pollClaim(claim: Claim, handler: PollHandler, limit: number): number {
    const { lane, positions, lengths, tags, mask } = claim;
    const { bytes } = lane;
    const ring = lane.capacity - 1;
    const alone = claim.outstanding === 0;
    const redelivered = claim.attempts > 0;
    let done = 0;
    // What it returns is looked at: a promise would be acknowledged before it is fulfilled.
    const call: (...message: Parameters<PollHandler>) => unknown = handler;
    this.#polling = claim;
    this.#pollingAlone = alone;
    try {
      while (done < limit && claim.waiting > 0) {
        const number = claim.deliver();
        const place = number & mask;
        const tag = tags[place];
        if (tag !== MESSAGE && claim.passOver(number)) continue;
        const answer: unknown =
          tag === MESSAGE
            ? call(bytes, (positions[place] & ring) + FRAME_HEADER_BYTES, lengths[place], redelivered)
            : this.#pollUnusual(claim, number, call, redelivered);
        if (answer !== undefined) refusePromise(answer);
        done++;
        if (this.closed) return done;
        if (!alone) claim.acknowledge(number);
      }
    } catch (error) {
      if (!this.closed) claim.undeliver(1);
      throw error;
    } finally {
      this.#polling = undefined;
      if (!this.closed) {
        if (alone) claim.acknowledgeAll();
        this.#core.settle();
        this.#lookAgain();
      }
    }
    return done;
  }

  /** A message with metadata, or one that was spilled. */
  #pollUnusual(
    claim: Claim,
    number: number,
    handler: (...message: Parameters<PollHandler>) => unknown,
    redelivered: boolean,
  ): unknown {
    const place = number & claim.mask;
    const tag = claim.tags[place];
    const type = frameType(tag);
    const extra = metadataBytes(tag);
    const start = (claim.positions[place] & (claim.lane.capacity - 1)) + FRAME_HEADER_BYTES + extra;
    const length = claim.lengths[place] - extra;
    if (type === MESSAGE) {
      handler(claim.lane.bytes, start, length, redelivered);
      return;
    }
    const message = this.#readSpill(claim, claim.lane.bytes.slice(start, start + length));
    return handler(message, 0, message.length, redelivered);
  }

  #enqueue(options: WaitOptions | undefined): Promise<Delivery<T> | undefined> {
    const pending = new Pending<Delivery<T> | undefined>(options, NO_MESSAGE, () => {
      const at = this.#receives.indexOf(pending);
      if (at >= 0) this.#receives.splice(at, 1);
      if (this.#receives.length === 0) this.#idle.stop();
    });
    this.#receives.push(pending);
    return pending.promise;
  }

  /** Settles waits, as far as there are messages. True when none is left. */
  #look(): boolean {
    while (!this.closed) {
      if (this.#receives.length === 0) return true;
      try {
        const delivery = this.#take();
        if (delivery !== undefined) {
          this.#turn.begin();
          // Not `first`: the codec is the user's, and may have ended that wait.
          const waiting = this.#receives.shift();
          if (waiting === undefined) this.#unclaimed.push(delivery);
          else waiting.resolve(delivery);
        } else if (!this.#atEnd()) return false;
        else for (const pending of this.#receives.splice(0)) pending.resolve(undefined);
      } catch (error) {
        const waiting = this.#receives.shift();
        if (waiting === undefined) this.#failure = error as RingwayError;
        else waiting.reject(error);
      }
    }
    return true;
  }

  #block(timeout: number | undefined, look: () => boolean): void {
    this.#check();
    checkWait({ timeout });
    if (this.#receives.length > 0) {
      throw new RingwayError(
        'ERR_RINGWAY_BUSY',
        'a blocking call cannot overtake a receive() that waits: await that first',
      );
    }
    this.#blocking = look;
    try {
      if (!this.#idle.blockFor(timeout ?? Infinity)) throw timeoutError(NO_MESSAGE, timeout ?? 0);
    } finally {
      this.#blocking = undefined;
    }
  }

  async #receiveFor(
    signal: AbortSignal,
    onDecodeError: ((error: DecodeError) => void) | undefined,
  ): Promise<Delivery<T> | undefined> {
    for (;;) {
      try {
        return await this.receive({ signal });
      } catch (error) {
        if (!(error instanceof DecodeError) || onDecodeError === undefined) throw error;
        onDecodeError(error);
      }
    }
  }

  #tellStopped(): void {
    if (!this.closed && (this.#runs.size > 0 || this.#busyLoops.size > 0)) return;
    for (const tell of this.#stopped.splice(0)) tell();
  }

  #track(run: Promise<unknown>): void {
    this.#runs.add(run);
    const done = (): void => {
      this.#runs.delete(run);
      this.#tellStopped();
    };
    run.then(done, done);
  }

  /** As `#take`, but keeps what went wrong for the next call. */
  #takeOrFail(): Delivery<T> | undefined {
    try {
      return this.#take();
    } catch (error) {
      if (!(error instanceof RingwayError)) throw error;
      this.#failure = error;
      return undefined;
    }
  }

  /** A loop that has messages in hand until it asks for the next ones. */
  #acknowledgingLoop<V>(
    options: WaitOptions | undefined,
    gather: (first: Delivery<T>) => Delivery<T>[],
    valueOf: (inHand: Delivery<T>[]) => V,
  ): AsyncIterableIterator<V> {
    let inHand: Delivery<T>[] = [];
    const token = {};
    const free = (): void => {
      if (this.#busyLoops.delete(token)) this.#tellStopped();
    };
    return this.#loop(
      options,
      () => {
        for (const delivery of inHand) delivery.ack();
        inHand = [];
        free();
      },
      (first) => {
        inHand = gather(first);
        this.#busyLoops.add(token);
        return valueOf(inHand);
      },
      () => {
        this.#leave();
        free();
      },
    );
  }

  readonly #leave = (): void => {
    if (this.#closeOnReturn) this.close();
  };

  #loop<V>(
    options: WaitOptions | undefined,
    settle: () => void,
    taken: (delivery: Delivery<T>) => V,
    left: () => void,
  ): AsyncIterableIterator<V> {
    this.#check();
    const context: LoopContext<Delivery<T>, V> = {
      settle: () => {
        if (!this.closed) settle();
      },
      tryTake: () => {
        if (this.#stopping) return undefined;
        this.#throwFailure();
        checkWait(options);
        return this.tryReceive();
      },
      // After `stop` a loop sees the end, although the consumer is closed.
      take: () => (this.#stopping ? Promise.resolve(undefined) : this.receive(options)),
      taken,
      turn: this.#turn,
      left,
    };
    return new Loop(context);
  }
}

function refusePromise(answer: unknown): void {
  if (typeof (answer as { then?: unknown } | null)?.then !== 'function') return;
  // Its outcome is nobody's; the error below says what is wrong.
  Promise.resolve(answer as PromiseLike<unknown>).catch(() => undefined);
  throw new RingwayError(
    'ERR_RINGWAY_ASYNC_HANDLER',
    'a handler of poll() must be synchronous, this one returned a promise; use run() for asynchronous handlers. The message stays unacknowledged',
  );
}

function closedError(): RingwayError {
  return new RingwayError('ERR_RINGWAY_CLOSED', 'this consumer was closed: make another one to receive more');
}
