import type { RingwayError, SegmentHandle } from '@ringway/memory';
import { checkWait, type WaitOptions } from '@ringway/sync';
import type { Channel } from './channel.js';
import type { Claim } from './claim.js';
import type { Codec } from './codec.js';
import { ConsumerCore } from './consumer-core.js';
import { ConsumerSource } from './consumer-source.js';
import type { Delivery, Keeper } from './delivery.js';
import { Intake } from './intake.js';
import { LANE_LABEL_BYTES } from './layout.js';
import { Loops } from './loops.js';
import { MessageReader } from './message-reader.js';
import { DEFAULTS, checkIdle, checkLabel, wholeNumber, type ConsumerOptions } from './options.js';
import { Poller, type PollHandler } from './poller.js';
import { Receiver } from './receiver.js';
import type { Recovery } from './recovery.js';
import type { Returns } from './returns.js';
import { runHandlers, type RunHandler, type RunOptions } from './run.js';
import { unlessTruncated } from './truncated.js';
import { Work } from './work.js';

const MAX_PREFETCH = 65_536;
const MAX_CONCURRENCY = 65_536;

/** What a consumer needs of its queue. */
export interface ConsumerContext<T> {
  readonly channel: Channel;
  readonly codec: Codec<T>;
  readonly recovery: Recovery;
  readonly closed: (consumer: Consumer<T>) => void;
  /** Where messages go that this consumer does not keep. */
  readonly returns: Returns;
  /** A lane was taken out of use. True if somebody listens, so that it need not fail a call. */
  readonly corrupt: (error: RingwayError) => boolean;
  /** The dead letters could not take a message. True if somebody listens. */
  readonly lettersFailed: (error: unknown) => boolean;
}

/**
 * Receives messages; each message goes to one consumer of the queue. Made by `queue.consumer()`. At least once: a
 * message that is not acknowledged when its consumer dies or closes goes to another one, with `redelivered: true`.
 * Errors of every method: `ERR_RINGWAY_CLOSED`; `ERR_RINGWAY_DECODE` and `ERR_RINGWAY_SCHEMA` (as `DecodeError`),
 * `ERR_RINGWAY_CORRUPT_LANE`; after each of these three the consumer can be used on.
 */
export class Consumer<T> implements AsyncIterable<T> {
  readonly #context: ConsumerContext<T>;
  readonly #segment: SegmentHandle;
  readonly #prefetch: number;
  readonly #closeOnReturn: boolean;
  readonly #core: ConsumerCore;
  readonly #intake: Intake;
  readonly #reader: MessageReader<T>;
  readonly #poller: Poller;
  readonly #receiver: Receiver<Delivery<T>>;
  readonly #work = new Work();
  /** Kinds of failures of the dead letters that a call has failed with. */
  readonly #told = new Set<string>();
  readonly #loops: Loops<Delivery<T>, T>;

  /** @internal */
  constructor(context: ConsumerContext<T>, options: ConsumerOptions) {
    const { channel } = context;
    const strategy = checkIdle(options);
    const label = checkLabel(options.label, LANE_LABEL_BYTES);
    const prefetch = wholeNumber('prefetch', options.prefetch ?? DEFAULTS.prefetch, 1, MAX_PREFETCH);
    this.#context = context;
    this.#segment = channel.segment;
    this.#prefetch = prefetch;
    this.#closeOnReturn = options.closeOnReturn ?? true;
    this.#core = new ConsumerCore(channel, context.recovery, label, prefetch, (error) => {
      if (!context.corrupt(error)) this.#reader.keepFailure(error);
    });
    const settle = (claim: Claim, number: number): boolean => {
      if (this.closed || !claim.acknowledge(number)) return false;
      this.#core.settle();
      return true;
    };
    this.#intake = new Intake({
      channel,
      returns: context.returns,
      acknowledge: settle,
      lookAgain: () => {
        if (!this.closed) this.#receiver.lookAgain();
      },
      lettersFailed: this.#lettersFailed,
    });
    this.#core.onHeldUp((claim) => this.#intake.makeWay(claim));
    const keeper = this.#keeper(settle);
    this.#reader = new MessageReader(channel, this.#core, context.codec, prefetch, keeper, this.#intake);
    this.#poller = new Poller(channel, this.#core, this.#intake, () => {
      this.#receiver.lookAgain();
    });
    const source = new ConsumerSource(this.#core, this.#reader, this.#poller);
    this.#receiver = new Receiver(channel, source, strategy);
    this.#loops = new Loops(this.#receiver, this.#reader, this.#work, this.#leave);
  }

  /** Number of this consumer's slot in the participant table, as `stats()` and `peer-lost` name it. */
  get slot(): number {
    return this.#core.slot;
  }

  get closed(): boolean {
    return this.#core.closed;
  }

  /**
   * The next message; waits for one. Undefined when the stream has ended: some producer has ended, none is left, and
   * everything is acknowledged; or after `stop`. Acknowledge it with `delivery.ack()`.
   */
  receive(options?: WaitOptions): Promise<Delivery<T> | undefined> {
    return this.#receiver.receive(options);
  }

  /** The next message, if there is one now. */
  tryReceive(): Delivery<T> | undefined {
    return this.#receiver.tryReceive();
  }

  /** As `receive`, but blocks the thread. Throws `ERR_RINGWAY_TIMEOUT`. For workers and scripts. */
  receiveSync(options?: { readonly timeout?: number | undefined }): Delivery<T> | undefined {
    let delivery: Delivery<T> | undefined;
    this.#receiver.block(options?.timeout, () => (delivery = this.#reader.take()) !== undefined);
    return delivery;
  }

  /**
   * Hands up to `limit` messages (default: `prefetch`) of one lane to `handler`, in place and at once, and acknowledges
   * them when it is through; returns how many; 0 when there is nothing in any lane. The next call begins with the next
   * lane. The fastest way to receive. A handler that throws has not acknowledged its message: it is the next one again.
   * Throws `ERR_RINGWAY_ASYNC_HANDLER` for a handler that returns a promise, `ERR_RINGWAY_BUSY` when called by a
   * handler.
   */
  poll(handler: PollHandler, limit: number = this.#prefetch): number {
    this.#receiver.check();
    const most = Math.min(limit, this.#prefetch);
    if (!Number.isInteger(most)) throw new RangeError(`limit must be a whole number, not ${String(limit)}`);
    const done = this.#receiver.stopping || this.#receiver.paused ? 0 : this.#poller.poll(handler, most);
    if (done === 0 && !this.closed) this.#reader.throwFailure();
    return done;
  }

  /** As `poll`, but blocks the thread until there is a message (or the end: 0). Throws `ERR_RINGWAY_TIMEOUT`. */
  pollSync(
    handler: PollHandler,
    options?: { readonly limit?: number | undefined; readonly timeout?: number | undefined },
  ): number {
    let done = this.poll(handler, options?.limit);
    if (done > 0) return done;
    this.#receiver.block(options?.timeout, () => (done = this.poll(handler, options?.limit)) > 0);
    return done;
  }

  /**
   * Runs a handler for each message until the stream ends, `stop` is called, or something fails. A handler that
   * resolves acknowledges; one that fails, or takes longer than `handlerTimeout`, is told to `onError`, and fails the run
   * if there is none, which waits for the others first. Leaving this way closes the consumer unless `closeOnReturn` is
   * false. `concurrency` above `prefetch` claims that many messages at a time.
   */
  async run(handler: RunHandler<T>, options: RunOptions<T> = {}): Promise<void> {
    this.#receiver.check();
    checkWait(options);
    const concurrency = wholeNumber('concurrency', options.concurrency ?? 1, 1, MAX_CONCURRENCY);
    const limit = Math.max(this.#prefetch, concurrency);
    this.#reader.limit = limit;
    this.#core.makeRoom(limit);
    if (options.handlerTimeout !== undefined) checkWait({ timeout: options.handlerTimeout });
    const run = runHandlers(this.#receiver, handler, concurrency, options);
    this.#work.track(run);
    const failure = await run;
    this.#reader.limit = this.#prefetch;
    if (failure === undefined) return;
    this.#leave();
    throw failure.error;
  }

  /**
   * The messages, until the stream ends. Each is acknowledged when the next one is asked for. Leaving the loop leaves
   * the last one unacknowledged, and closes the consumer unless `closeOnReturn` is false.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.values();
  }

  /** As iterating the consumer itself, with options. */
  values(options?: WaitOptions): AsyncIterableIterator<T> {
    return this.#loops.values(options);
  }

  /** The messages as deliveries, until the stream ends; acknowledging them is yours. */
  deliveries(options?: WaitOptions): AsyncIterableIterator<Delivery<T>> {
    return this.#loops.whole(options);
  }

  /**
   * What is there, up to `max` messages (default: `prefetch`) at a time; never waits to fill. Acknowledged when the
   * next batch is asked for.
   */
  batches(options: WaitOptions & { readonly max?: number | undefined } = {}): AsyncIterableIterator<T[]> {
    return this.#loops.batches(wholeNumber('max', options.max ?? this.#prefetch, 1, MAX_PREFETCH), options);
  }

  /**
   * From here nothing is handed out: whoever waits goes on waiting, `poll` and `tryReceive` find nothing, and blocking calls throw `ERR_RINGWAY_BUSY`. What is in hand goes on. What was
   * claimed and not handed out, up to `prefetch` messages of each lane, stays claimed: others cannot have it. A paused consumer keeps no process alive.
   */
  pause(): void {
    this.#receiver.check();
    this.#receiver.pause();
  }

  /** Ends `pause`. */
  resume(): void {
    this.#receiver.check();
    if (this.#receiver.paused) this.#receiver.resume();
  }

  /** Whether `pause` was called, and `resume` not since. */
  get paused(): boolean {
    return this.#receiver.paused;
  }

  /**
   * As on sockets: whether a wait for messages keeps the process alive. Default it does; a consumer on which nothing
   * waits never does.
   */
  ref(): this {
    this.#receiver.reference(true);
    return this;
  }

  /** See `ref`. */
  unref(): this {
    this.#receiver.reference(false);
    return this;
  }

  /**
   * Claims no more, lets handlers and loops finish what they have, hands the rest over, and closes. Waits end as at the
   * end of a stream. A handler or loop of this consumer that awaits it waits for itself: do not.
   */
  async stop(options?: WaitOptions): Promise<void> {
    if (this.closed) return;
    checkWait(options);
    this.#receiver.stop();
    await this.#work.finished(options);
    this.close();
  }

  /**
   * Immediate, idempotent, never throws: messages that are not acknowledged go to other consumers as redelivered; waits
   * reject with `ERR_RINGWAY_CLOSED`.
   */
  close(): void {
    if (this.closed) return;
    this.#receiver.close();
    try {
      if (!this.#segment.closed) {
        unlessTruncated(() => {
          this.#poller.settle();
          this.#intake.close();
        })();
      }
    } finally {
      this.#intake.stop();
      this.#core.close();
    }
    this.#work.abandon();
    this.#context.closed(this);
  }

  /**
   * @internal Now and then, from the queue: a consumer whose handlers take long neither parks nor asks for more, and
   * looks for the dead here.
   */
  housekeep(): void {
    // Only while somebody works here: who does not receive must not keep what others could have.
    const working = !this.#work.done || (this.#receiver.awaited && !this.#receiver.paused);
    if (working && !this.closed && !this.#poller.busy) this.#core.lookForDeadIfDue();
  }

  /** @internal The segment has lost memory: what waits rejects with this. */
  fail(error: unknown): void {
    this.#receiver.fail(error);
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** As `stop`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** What came of a delivery frees what a wait may be held up by. Nothing after the consumer was closed: then others have it. */
  #keeper(settle: (claim: Claim, number: number) => boolean): Keeper {
    return {
      acknowledge: (claim, number) => {
        if (settle(claim, number)) this.#receiver.lookAgain();
      },
      giveBack: (handed, delayMs) => {
        if (this.closed) return;
        this.#intake.giveBack(handed, delayMs);
        this.#receiver.lookAgain();
      },
      reject: (handed) => {
        if (this.closed) return;
        this.#intake.reject(handed);
        this.#receiver.lookAgain();
      },
    };
  }

  /** Without a listener, one call that receives fails for each kind of error: what is wrong lasts, and is met again and again. */
  readonly #lettersFailed = (error: unknown): void => {
    if (this.#context.lettersFailed(error)) return;
    const kind = String((error as NodeJS.ErrnoException).code);
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#reader.keepFailure(error as RingwayError);
  };

  readonly #leave = (): void => {
    if (this.#closeOnReturn) this.close();
  };
}
