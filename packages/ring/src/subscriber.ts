import type { RingwayError } from '@ringway/memory';
import type { WaitOptions } from '@ringway/sync';
import type { Channel } from './channel.js';
import type { Codec } from './codec.js';
import type { Lane } from './lane.js';
import { CURSOR_POLICY, LANE_LABEL_BYTES } from './layout.js';
import { Loops } from './loops.js';
import { Gap, type Message } from './message.js';
import { checkIdle, checkKey, checkLabel, wholeNumber, type SubscriberOptions } from './options.js';
import { Receiver } from './receiver.js';
import type { Recovery } from './recovery.js';
import { SubscriberCore, type SubscriberEvents } from './subscriber-core.js';
import { TopicReader, type TopicHandler } from './topic-reader.js';
import { Work } from './work.js';

const MOST_HISTORY = 2 ** 31 - 1;
const MOST_BATCH = 65_536;
const DEFAULT_BATCH = 256;

/** What a subscriber needs of its topic. */
export interface SubscriberContext<T> {
  readonly channel: Channel;
  readonly codec: Codec<T>;
  readonly recovery: Recovery;
  /** It is gone: it was closed, or disconnected. */
  readonly closed: (subscriber: Subscriber<T, unknown>) => void;
  /** Told of messages that it missed. */
  readonly missed: (gap: Gap) => void;
  /** A lane was taken out of use. True if somebody listens, so that it need not fail a call. */
  readonly corrupt: (error: RingwayError) => boolean;
}

/**
 * Receives every message that is published from the moment on that it was made. Made by `topic.subscriber()`. Not after a death: a subscriber that is gone is forgotten. Errors of every method: `ERR_RINGWAY_CLOSED`,
 * `ERR_RINGWAY_SLOW_SUBSCRIBER` (`onSlow: 'disconnect'`), `ERR_RINGWAY_CORRUPT_LANE`; `ERR_RINGWAY_DECODE` and `ERR_RINGWAY_SCHEMA` (as `MessageDecodeError`): that message is passed, and the subscriber can be used on.
 *
 * @typeParam G - `Gap` where gaps were asked for, else never
 */
export class Subscriber<T, G = never> implements AsyncIterable<T | G> {
  readonly #context: SubscriberContext<T>;
  readonly #closeOnReturn: boolean;
  readonly #core: SubscriberCore;
  readonly #reader: TopicReader<T, G>;
  readonly #receiver: Receiver<Message<T> | G>;
  readonly #work = new Work();
  readonly #loops: Loops<Message<T> | G, T | G>;
  #missed = 0;

  /** @internal */
  constructor(context: SubscriberContext<T>, options: SubscriberOptions) {
    const { channel, recovery } = context;
    const strategy = checkIdle(options);
    const label = checkLabel(options.label, LANE_LABEL_BYTES);
    const history = wholeNumber('history', options.history ?? 0, 0, MOST_HISTORY);
    const policy = policyOf(options.onSlow);
    const gaps = options.gaps === true;
    const keys = options.keys === undefined ? undefined : [...options.keys];
    keys?.forEach(checkKey);
    this.#context = context;
    this.#closeOnReturn = options.closeOnReturn ?? true;
    const events: SubscriberEvents = {
      missed: (count: number, lane: Lane) => {
        const gap = new Gap(count, lane);
        this.#missed += count;
        if (gaps) this.#reader.addGap(gap as G);
        context.missed(gap);
      },
      corrupt: (error) => {
        if (!context.corrupt(error)) this.#reader.keepFailure(error);
      },
      evicted: (error) => {
        this.#receiver.fail(error);
        this.#work.abandon();
        context.closed(this);
      },
    };
    this.#core = new SubscriberCore(channel, recovery, label, policy, history, events);
    this.#reader = new TopicReader<T, G>(channel, this.#core, context.codec, keys);
    this.#receiver = new Receiver(channel, this.#reader, strategy);
    this.#loops = new Loops(this.#receiver, this.#reader, this.#work, () => {
      if (this.#closeOnReturn) this.close();
    });
  }

  /** Number of this subscriber's slot in the participant table, as `stats()` and `peer-lost` name it. */
  get slot(): number {
    return this.#core.slot;
  }

  /** Whether it was closed, or disconnected. */
  get closed(): boolean {
    return this.#core.closed;
  }

  /** How many messages this subscriber has missed in all: exactly, as far as it has read. */
  get missed(): number {
    return this.#missed;
  }

  /**
   * The next message; waits for one. Undefined when the stream has ended: some publisher has ended, none is left, and everything was read. With `gaps`, also a `Gap`.
   */
  receive(options?: WaitOptions): Promise<Message<T> | G | undefined> {
    return this.#receiver.receive(options);
  }

  /** The next message, if there is one now. */
  tryReceive(): Message<T> | G | undefined {
    return this.#receiver.tryReceive();
  }

  /** As `receive`, but blocks the thread. Throws `ERR_RINGWAY_TIMEOUT`. For workers and scripts. */
  receiveSync(options?: { readonly timeout?: number | undefined }): Message<T> | G | undefined {
    let message: Message<T> | G | undefined;
    this.#receiver.block(options?.timeout, () => (message = this.#reader.take()) !== undefined);
    return message;
  }

  /**
   * Hands up to `limit` messages (default: 256) of one publisher to `handler`, at once, without a codec; returns how many; 0 when there is nothing, or nothing that is wanted among the next 1024. With `onSlow: 'block'` in place, without a copy: another process could
   * change the bytes meanwhile, so hand them to no asynchronous API and to no decoder unless you trust the publishers. The fastest way to receive. A handler that throws has not had its message: it is the next one again. Gaps
   * are told by the event only. Throws `ERR_RINGWAY_ASYNC_HANDLER` for a handler that returns a promise, `ERR_RINGWAY_BUSY` when called by a handler.
   */
  poll(handler: TopicHandler, limit: number = DEFAULT_BATCH): number {
    this.#receiver.check();
    if (!Number.isInteger(limit)) throw new RangeError(`limit must be a whole number, not ${String(limit)}`);
    const done = this.#receiver.paused ? 0 : this.#reader.poll(handler, limit);
    if (done === 0 && !this.closed) this.#reader.throwFailure();
    return done;
  }

  /** As `poll`, but blocks the thread until there is a message (or the end: 0). Throws `ERR_RINGWAY_TIMEOUT`. */
  pollSync(handler: TopicHandler, options: { readonly limit?: number; readonly timeout?: number } = {}): number {
    let done = 0;
    this.#receiver.block(options.timeout, () => (done = this.poll(handler, options.limit)) > 0);
    return done;
  }

  /** The messages, until the stream ends. Leaving the loop closes the subscriber, unless `closeOnReturn` is false. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T | G> {
    return this.values();
  }

  /** As iterating the subscriber itself, with options. */
  values(options?: WaitOptions): AsyncIterableIterator<T | G> {
    return this.#loops.values(options);
  }

  /** The messages with what they carry, until the stream ends. */
  messages(options?: WaitOptions): AsyncIterableIterator<Message<T> | G> {
    return this.#loops.whole(options);
  }

  /** What is there, up to `max` messages (default: 256) at a time; never waits to fill. */
  batches(options: WaitOptions & { readonly max?: number | undefined } = {}): AsyncIterableIterator<(T | G)[]> {
    return this.#loops.batches(wholeNumber('max', options.max ?? DEFAULT_BATCH, 1, MOST_BATCH), options);
  }

  /** From here nothing is handed out: whoever waits goes on waiting. It goes on being a subscriber: with `block` publishers wait for it. */
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

  /** As on sockets: whether a wait for messages keeps the process alive. Default it does. */
  ref(): this {
    this.#receiver.reference(true);
    return this;
  }

  /** See `ref`. */
  unref(): this {
    this.#receiver.reference(false);
    return this;
  }

  /** Immediate, idempotent, never throws: publishers wait for it no more; waits reject with `ERR_RINGWAY_CLOSED`. */
  close(): void {
    if (this.closed) return;
    this.#receiver.close();
    this.#core.close();
    this.#work.abandon();
    this.#context.closed(this);
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** @internal Now and then, from the topic. */
  housekeep(): void {
    this.#core.lookForEviction();
  }

  /** @internal The segment has lost memory: what waits rejects with this. */
  fail(error: unknown): void {
    this.#receiver.fail(error);
  }
}

function policyOf(onSlow: unknown = 'block'): number {
  if (onSlow === 'block' || onSlow === 'drop' || onSlow === 'disconnect') return CURSOR_POLICY[onSlow];
  throw new RangeError(`onSlow must be 'block', 'drop' or 'disconnect', not ${String(onSlow)}`);
}
