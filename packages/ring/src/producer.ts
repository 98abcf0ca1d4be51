import { RingwayError } from '@ringway/memory';
import { Turn, type Idle } from '@ringway/sync';
import type { Channel } from './channel.js';
import type { Codec } from './codec.js';
import { FRAME_TYPE, LANE_LABEL_BYTES, LANE_STATE } from './layout.js';
import { LaneWriter } from './lane-writer.js';
import type { Lane } from './lane.js';
import { joinAsProducer, leaveLane, renewLane, takeLane } from './membership.js';
import { encodeMetadata, type Metadata } from './metadata.js';
import { monotonicMs } from './clock.js';
import { checkIdle, checkLabel, type ProducerOptions, type WaitOptions } from './options.js';
import { Spills, decodeSpillReference, encodeSpillReference, type SpillReference } from './spill.js';
import type { Recovery } from './recovery.js';
import { Pending, checkWait, leaving, timeoutError } from './waits.js';

/** What `publish: 'tick'` and a batch gather at most before they publish, in bytes. */
const BATCH_BYTES = 16 * 1024;
const RESOLVED = Promise.resolve();
const NO_ROOM = 'there was no room in the lane';

/** What a message may carry besides its value. */
export interface MessageOptions {
  /** Strings by name; delivered as `delivery.headers`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
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

/** One message that is encoded and on its way into the lane. */
interface Outgoing {
  readonly payload: Uint8Array;
  readonly metadata: Uint8Array | undefined;
  readonly spill: SpillReference | undefined;
}

interface PendingSend {
  /** Undefined: a call of `ready`, or a reservation: only room for `length` is waited for. */
  readonly outgoing: Outgoing | undefined;
  readonly length: number;
  readonly pending: Pending<void>;
}

/** What a producer needs of its queue. */
export interface ProducerContext<T> {
  readonly channel: Channel;
  readonly codec: Codec<T>;
  readonly recovery: Recovery;
  readonly closed: (producer: Producer<T>) => void;
}

/**
 * Sends messages into a lane of its own. Made by `queue.producer()`. Errors of every method that sends: `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_ENDED`,
 * `ERR_RINGWAY_ENCODE` (the codec threw), `ERR_RINGWAY_SCHEMA`, `ERR_RINGWAY_MESSAGE_TOO_LARGE`, `ERR_RINGWAY_NO_SPACE` (a message that has to be spilled),
 * `ERR_RINGWAY_CORRUPT_LANE`; `TypeError` and `RangeError` for bad headers.
 */
export class Producer<T> {
  readonly #context: ProducerContext<T>;
  readonly #channel: Channel;
  readonly #slot: number;
  readonly #label: string;
  readonly #me: number;
  readonly #idle: Idle;
  readonly #turn = new Turn();
  readonly #timestamps: boolean;
  readonly #tick: boolean;
  readonly #sends: PendingSend[] = [];
  #writer!: LaneWriter;
  #spills!: Spills;
  /** Metadata of the first frame after the lane was taken. */
  #epoch: number | undefined;
  #corked = 0;
  #tickScheduled = false;
  #reservation: number | undefined;
  #state: 'open' | 'ended' | 'closed' = 'open';

  /** @internal */
  constructor(context: ProducerContext<T>, options: ProducerOptions) {
    const { channel, recovery } = context;
    const { idle, pollMicroseconds } = checkIdle(options);
    this.#label = checkLabel(options.label, LANE_LABEL_BYTES);
    const publish: unknown = options.publish ?? 'each';
    if (publish !== 'each' && publish !== 'tick')
      throw new RangeError(`publish must be 'each' or 'tick', not ${String(publish)}`);
    this.#context = context;
    this.#channel = channel;
    this.#timestamps = options.timestamps === true;
    this.#tick = publish === 'tick';
    // What the dead hold of slots and lanes can be taken once they are known to be dead.
    channel.roster.refresh();
    recovery.sweep(undefined);
    this.#slot = joinAsProducer(channel, recovery, this.#label);
    this.#me = channel.slots.owner(this.#slot);
    try {
      this.#use(takeLane(channel, this.#me, this.#label));
    } catch (error) {
      channel.slots.free(this.#slot);
      throw error;
    }
    const waiting = {
      doorbell: channel.slots.doorbell(this.#slot),
      look: () => this.#look(),
      lookForDead: () => {
        recovery.sweep(undefined);
      },
      announce: () => {
        const { lane } = this.#writer;
        if (channel.raiseLanesHigh(lane.index)) channel.doorbells.ringAll();
        lane.want(this.#writer.floorFor(this.#sends[0].length));
      },
      passOn: () => undefined,
      failed: (error: unknown) => {
        this.#rejectAll(error);
      },
      withdraw: () => {
        if (this.#state === 'open' && !channel.segment.closed) this.#writer.lane.wantNothing();
      },
    };
    this.#idle = channel.newIdle(waiting, idle, pollMicroseconds);
  }

  /** Number of this producer's slot in the participant table, as `stats()` and `peer-lost` name it. */
  get slot(): number {
    return this.#slot;
  }

  /** Whether `close` or `end` was called. */
  get closed(): boolean {
    return this.#state !== 'open';
  }

  /**
   * Sends a message; waits while the lane is full. Resolved means: it is in shared memory, and survives the death of this process; not that
   * it was handled. Sends of one producer keep their order. Rejects with `AbortError` or `ERR_RINGWAY_TIMEOUT`; then nothing was published.
   * Cost where there is room: the codec, one copy, two atomic operations.
   */
  send(value: T, options?: SendOptions): Promise<void> {
    try {
      const payload = this.#encode(value);
      checkWait(options);
      if (this.#writeAtOnce(payload, options) === true) return this.#turn.spent() ? this.#turn.next() : RESOLVED;
      const outgoing = this.#prepare(payload, options);
      if (this.#sends.length === 0 && this.#write(outgoing)) {
        this.#afterWrite();
        return this.#turn.spent() ? this.#turn.next() : RESOLVED;
      }
      return this.#enqueue(outgoing, outgoingLength(outgoing), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends a message if there is room and no `send` waits; else false. */
  trySend(value: T, options?: MessageOptions): boolean {
    if (this.#sends.length > 0 || this.#reservation !== undefined) {
      this.#check();
      return false;
    }
    const payload = this.#encode(value);
    const written = this.#writeAtOnce(payload, options);
    if (written !== undefined) return written;
    // The codec may have called `send`, which waits now.
    if (this.#sends.length > 0) return false;
    const outgoing = this.#prepare(payload, options);
    if (!this.#write(outgoing)) {
      this.#refused = outgoingLength(outgoing);
      this.#discard(outgoing);
      return false;
    }
    this.#afterWrite();
    return true;
  }

  /** Length of what was last refused. */
  #refused = 0;

  /** Waits until what `trySend` or `tryReserve` refused last fits, and no `send` waits. */
  ready(options?: WaitOptions): Promise<void> {
    try {
      this.#check();
      checkWait(options);
      if (this.#sends.length === 0 && this.#reservation === undefined && this.#writer.fits(this.#refused))
        return RESOLVED;
      return this.#enqueue(undefined, this.#refused, options);
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
      if (Symbol.asyncIterator in values) for await (const value of values) await this.send(value, options);
      else for (const value of values) await this.send(value, options);
    } finally {
      this.uncork();
    }
  }

  /** As `send`, but blocks the thread. Throws `ERR_RINGWAY_TIMEOUT`. For workers and scripts. */
  sendSync(value: T, options?: MessageOptions & { readonly timeout?: number | undefined }): void {
    const payload = this.#encode(value);
    checkWait(options);
    if (this.#writeAtOnce(payload, options) === true) return;
    const outgoing = this.#prepare(payload, options);
    if (this.#sends.length === 0 && this.#write(outgoing)) {
      this.#afterWrite();
      return;
    }
    if (this.#idle.active || this.#sends.length > 0 || this.#reservation !== undefined) {
      this.#discard(outgoing);
      throw new RingwayError(
        'ERR_RINGWAY_BUSY',
        'sendSync cannot overtake a send() that waits, or a reservation: await the one, publish or cancel the other first',
      );
    }
    let sent = false;
    this.#sends.push({
      outgoing,
      length: outgoingLength(outgoing),
      pending: new Pending(undefined, NO_ROOM, () => undefined),
    });
    const waiting = this.#sends[0];
    // The promise is nobody's: what goes wrong is thrown below.
    waiting.pending.promise.then(
      () => undefined,
      () => undefined,
    );
    try {
      this.#writer.countWait();
      sent = this.#idle.blockFor(options?.timeout ?? Infinity);
    } finally {
      if (!sent) {
        const at = this.#sends.indexOf(waiting);
        if (at >= 0) this.#sends.splice(at, 1);
        this.#discard(outgoing);
      }
    }
    if (!sent) throw timeoutError(NO_ROOM, options?.timeout ?? 0);
    if (waiting.pending.failure !== undefined) throw waiting.pending.failure.error;
  }

  /** A place for a message of exactly `bytes` bytes, to be written without a copy; undefined while there is no room, or a `send` waits. Nothing else can be sent until it is published or cancelled. */
  tryReserve(bytes: number): Reservation | undefined {
    this.#check();
    if (this.#sends.length > 0 || this.#reservation !== undefined) return undefined;
    this.#checkReserve(bytes);
    if (this.#epoch !== undefined && !this.#writeEpoch()) return undefined;
    const offset = this.#writer.reserve(bytes);
    if (offset < 0) {
      this.#refused = bytes;
      return undefined;
    }
    this.#reservation = bytes;
    const writer = this.#writer;
    let open = true;
    const settle = (write: boolean): void => {
      if (!open) return;
      open = false;
      if (this.#state !== 'open') this.#check();
      this.#reservation = undefined;
      const lost = writer !== this.#writer || writer.quarantined;
      if (write && !lost) {
        writer.writeReserved(bytes);
        this.#afterWrite();
      }
      this.#pump();
      if (!write || !lost) return;
      // The lane in which it was written is not this producer's any more, or out of use.
      if (writer === this.#writer) this.#replaceLane();
      throw this.#laneLost(writer.lane);
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
    this.#check();
    checkWait(options);
    this.#checkReserve(bytes);
    for (;;) {
      checkWait(options);
      const reservation = this.tryReserve(bytes);
      if (reservation !== undefined) return reservation;
      await this.#enqueue(undefined, bytes, options);
    }
  }

  /** From here messages are written but not published, until as many `uncork` calls. A lane that is full is published all the same. */
  cork(): void {
    this.#check();
    this.#corked++;
  }

  /** See `cork`. */
  uncork(): void {
    if (this.#corked > 0) this.#corked--;
    if (this.#corked === 0 && this.#state === 'open') this.#writer.publish();
  }

  /**
   * The end of the stream: waits until every pending `send` is in the lane, and tells consumers that no more will come. They see the end when all producers
   * have ended and everything is acknowledged. Then as `close`.
   */
  async end(options?: WaitOptions): Promise<void> {
    this.#check();
    checkWait(options);
    if (this.#sends.length > 0) {
      await this.#enqueue(undefined, 0, options);
      // Another call may have ended it meanwhile.
      this.#check();
    }
    this.#leave(LANE_STATE.ended);
  }

  /** As on sockets: whether a `send` that waits keeps the process alive. Default it does. */
  ref(): this {
    this.#idle.reference(true);
    return this;
  }

  /** See `ref`. */
  unref(): this {
    this.#idle.reference(false);
    return this;
  }

  /**
   * Immediate, idempotent, never throws: what was sent is published and stays, sends that wait reject with `ERR_RINGWAY_CLOSED`. Not an end: consumers go
   * on waiting for another producer.
   */
  close(): void {
    if (this.#state === 'open') this.#leave(LANE_STATE.abandoned);
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** As `end`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'open') await this.end();
  }

  /** @internal Now and then, from the queue: notes how old the backlog is, and removes spilled messages that were acknowledged since the last send. */
  housekeep(): void {
    if (this.#state !== 'open' || this.#writer.quarantined) return;
    try {
      this.#writer.noteAge(monotonicMs());
      this.#spills.release(this.#writer.floor);
    } catch (error) {
      // The lane is out of use now, which the next send tells, and replaces it.
      if (!(error instanceof RingwayError) || error.code !== 'ERR_RINGWAY_CORRUPT_LANE') throw error;
    }
  }

  #leave(state: number): void {
    this.#state = state === LANE_STATE.ended ? 'ended' : 'closed';
    const { segment, slots, doorbells } = this.#channel;
    leaving(segment, () => {
      this.#idle.stop();
      this.#writer.publish();
      this.#writer.lane.wantNothing();
      leaveLane(this.#writer, this.#me, state);
      if (state === LANE_STATE.ended) this.#channel.announceEnd();
    });
    leaving(segment, () => {
      slots.free(this.#slot);
      // Those of this very handle, whose locks it cannot watch, learn of it by this.
      doorbells.ringAll();
    });
    this.#rejectAll(this.#goneError());
    this.#context.closed(this);
  }

  #goneError(): RingwayError {
    return this.#state === 'ended'
      ? new RingwayError('ERR_RINGWAY_ENDED', 'this producer has ended: make another one to send more')
      : new RingwayError('ERR_RINGWAY_CLOSED', 'this producer was closed: make another one to send more');
  }

  #check(): void {
    if (this.#state !== 'open' || this.#channel.segment.closed) throw this.#goneError();
  }

  #use({ lane, epoch }: { lane: Lane; epoch: number }): void {
    const { channel } = this.#context;
    const { creationId } = channel.segment.header;
    this.#writer = new LaneWriter(lane, channel.words, channel.doorbells);
    this.#spills = new Spills(channel.segment.attachments, creationId, lane.index);
    this.#epoch = epoch;
    this.#spills.takeOver(
      this.#writer.spillsInside(
        (payload) => decodeSpillReference(payload, creationId, lane.index, channel.maxMessageBytes)?.sequence,
      ),
    );
  }

  /** The value as bytes; after this the producer is open still, and its lane in use. */
  #encode(value: T): Uint8Array {
    this.#check();
    if (this.#writer.quarantined) this.#replaceLane();
    const { codec } = this.#context;
    let payload: Uint8Array;
    try {
      payload = codec.encode(value);
    } catch (error) {
      if (error instanceof RingwayError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new RingwayError('ERR_RINGWAY_ENCODE', `codec ${codec.name} cannot encode this message: ${why}`, {
        cause: error,
      });
    }
    // The codec is the user's: it may have closed this producer.
    if (this.#state !== 'open') this.#check();
    if (payload instanceof Uint8Array) {
      if (payload.length <= this.#channel.maxMessageBytes) return payload;
      throw this.#tooLarge(payload.length);
    }
    throw new RingwayError(
      'ERR_RINGWAY_ENCODE',
      `codec ${codec.name} must encode to a Uint8Array, it returned ${typeof payload}`,
    );
  }

  /** The common case, without an object in between: no options, fits a frame, no send waits. Undefined if it is another case. */
  #writeAtOnce(payload: Uint8Array, options: MessageOptions | undefined): boolean | undefined {
    const common =
      options === undefined &&
      !this.#timestamps &&
      this.#epoch === undefined &&
      payload.length <= this.#writer.maxLength &&
      this.#sends.length === 0 &&
      this.#reservation === undefined;
    if (!common) return undefined;
    if (this.#writer.write(FRAME_TYPE.message, undefined, payload)) {
      this.#afterWrite();
      return true;
    }
    this.#refused = payload.length;
    // What is gathered must be readable, or nothing will ever make room.
    this.#writer.publish();
    return false;
  }

  #prepare(payload: Uint8Array, options: MessageOptions | undefined): Outgoing {
    const headers = options?.headers;
    const metadata = headers === undefined && !this.#timestamps ? undefined : this.#metadata(headers);
    const extra = metadata === undefined ? 0 : metadata.length;
    if (payload.length + extra <= this.#writer.maxLength) return { payload, metadata, spill: undefined };
    return this.#spill(payload, metadata);
  }

  #metadata(headers: Readonly<Record<string, string>> | undefined): Uint8Array {
    const found: { -readonly [K in keyof Metadata]: Metadata[K] } = {};
    if (headers !== undefined) found.headers = headers;
    if (this.#timestamps) found.time = monotonicMs();
    return encodeMetadata(found);
  }

  #spill(payload: Uint8Array, metadata: Uint8Array | undefined): Outgoing {
    if (metadata !== undefined && metadata.length > this.#writer.maxLength / 2) {
      throw new RangeError(
        `headers of ${metadata.length} bytes do not fit a lane of ${this.#channel.layout.laneBytes} bytes: shorten them`,
      );
    }
    const spill = this.#spills.create(payload);
    return { payload: encodeSpillReference(spill), metadata, spill };
  }

  #discard(outgoing: Outgoing): void {
    if (outgoing.spill !== undefined && !this.#channel.segment.closed) this.#spills.discard(outgoing.spill);
  }

  /** Writes one message, if there is room. A lane that was taken out of use is replaced, and the loss is told. */
  #write(outgoing: Outgoing): boolean {
    const writer = this.#writer;
    if (this.#reservation !== undefined) return false;
    if (this.#epoch !== undefined && !this.#writeEpoch()) return false;
    const { payload, metadata, spill } = outgoing;
    if (writer.quarantined) this.#replaceLane();
    if (!writer.write(spill === undefined ? FRAME_TYPE.message : FRAME_TYPE.spill, metadata, payload)) {
      // What is gathered must be readable, or nothing will ever make room.
      writer.publish();
      return false;
    }
    if (spill !== undefined) this.#spills.framed(spill, writer.position);
    return true;
  }

  /** A control frame that carries the epoch before a producer's first message: readers must not merge the orders of two producers. */
  #writeEpoch(): boolean {
    const metadata = encodeMetadata({ epoch: this.#epoch });
    if (!this.#writer.write(FRAME_TYPE.control, metadata, new Uint8Array(0))) return false;
    this.#epoch = undefined;
    return true;
  }

  #replaceLane(): never {
    const { lane } = this.#writer;
    // The new one first: without it this producer stays the old one's owner, and tries again at the next send.
    try {
      this.#use(takeLane(this.#channel, this.#me, this.#label));
      lane.setState(LANE_STATE.abandoned);
      lane.disown(this.#me);
    } catch (error) {
      const renewed = renewLane(lane, this.#label);
      if (renewed === undefined) throw error;
      this.#use(renewed);
    }
    throw this.#laneLost(lane);
  }

  #laneLost(lane: Lane): RingwayError {
    return new RingwayError(
      'ERR_RINGWAY_CORRUPT_LANE',
      `lane ${lane.index} was taken out of use: a reader found bytes in it that this producer did not write. What it held is lost; ` +
        'this message was not sent. The next send uses a new lane',
    );
  }

  #afterWrite(): void {
    const writer = this.#writer;
    if (this.#corked === 0 && !this.#tick) writer.publish();
    else if (writer.unpublishedBytes >= BATCH_BYTES) writer.publish();
    else if (this.#tick && !this.#tickScheduled) this.#scheduleTick();
    if (this.#spills.any) this.#spills.release(writer.floor);
  }

  #scheduleTick(): void {
    this.#tickScheduled = true;
    setImmediate(() => {
      this.#tickScheduled = false;
      if (this.#state === 'open' && this.#corked === 0 && !this.#channel.segment.closed) this.#writer.publish();
    });
  }

  #tooLarge(bytes: number): RingwayError {
    return new RingwayError(
      'ERR_RINGWAY_MESSAGE_TOO_LARGE',
      `the message has ${bytes} bytes, this queue takes at most ${this.#channel.maxMessageBytes} (maxMessageBytes): split it, or create the queue with more`,
    );
  }

  #checkReserve(bytes: number): void {
    const most = this.#writer.maxLength;
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new RangeError(`bytes must be a whole number from 0, not ${String(bytes)}`);
    if (bytes > this.#channel.maxMessageBytes) throw this.#tooLarge(bytes);
    if (bytes > most) {
      throw new RingwayError(
        'ERR_RINGWAY_MESSAGE_TOO_LARGE',
        `${bytes} bytes cannot be reserved: at most ${most} fit a frame of this queue (a quarter of laneBytes); send() spills larger messages`,
      );
    }
  }

  #enqueue(outgoing: Outgoing | undefined, length: number, options: WaitOptions | undefined): Promise<void> {
    this.#writer.countWait();
    const pending = new Pending<void>(options, NO_ROOM, () => {
      const at = this.#sends.indexOf(waiting);
      if (at < 0) return;
      this.#sends.splice(at, 1);
      if (outgoing !== undefined) this.#discard(outgoing);
      if (this.#sends.length === 0) this.#idle.stop();
    });
    // The codec may use its buffer again before there is room.
    const kept = outgoing === undefined ? undefined : { ...outgoing, payload: new Uint8Array(outgoing.payload) };
    const waiting: PendingSend = { outgoing: kept, length, pending };
    this.#sends.push(waiting);
    if (this.#reservation === undefined) this.#idle.start();
    return pending.promise;
  }

  /** Writes what waits, as far as there is room. True when nothing waits any more. */
  #look(): boolean {
    while (this.#state === 'open' && this.#reservation === undefined) {
      const first = this.#sends.at(0);
      if (first === undefined) break;
      try {
        const done = first.outgoing === undefined ? this.#fitsNow(first.length) : this.#write(first.outgoing);
        if (!done) return false;
        this.#sends.shift();
        if (first.outgoing !== undefined) this.#afterWrite();
        first.pending.resolve();
      } catch (error) {
        // The lane is lost: none of those that wait was sent, and what they spilled belongs to the old lane.
        this.#rejectAll(error);
      }
    }
    return true;
  }

  #fitsNow(length: number): boolean {
    if (this.#writer.fits(length)) return true;
    this.#writer.publish();
    return false;
  }

  #rejectAll(error: unknown): void {
    for (const { outgoing, pending } of this.#sends.splice(0)) {
      if (outgoing !== undefined) this.#discard(outgoing);
      pending.reject(error);
    }
  }

  #pump(): void {
    if (!this.#look()) this.#idle.start();
  }
}

function outgoingLength({ payload, metadata }: Outgoing): number {
  return payload.length + (metadata === undefined ? 0 : metadata.length);
}
