import { RingwayError } from '@ringway/memory';
import { leaving } from '@ringway/sync';
import type { Channel } from './channel.js';
import { monotonicMs } from './clock.js';
import type { Codec } from './codec.js';
import { FRAME_HEADER_BYTES, FRAME_TYPE, LANE_STATE } from './layout.js';
import { LaneWriter } from './lane-writer.js';
import type { Lane } from './lane.js';
import { joinAsProducer, leaveLane, renewLane, takeLane } from './membership.js';
import { encodeMetadata, type Metadata } from './metadata.js';
import type { Recovery } from './recovery.js';
import { Spills, decodeSpillReference, encodeSpillReference, type SpillReference } from './spill.js';
import { unlessTruncated } from './truncated.js';

/** What `publish: 'tick'` and a batch gather at most before they publish, in bytes. */
const BATCH_BYTES = 16 * 1024;
/** Where lanes keep their frames: as many bytes of spilled messages as so many lanes have. */
const SPILLED_LANES = 8;
/** Milliseconds between two looks for the dead of who is refused and does not wait. */
const SWEEP_MS = 100;
const NOTHING = new Uint8Array(0);

/** One message that is encoded and on its way into the lane. */
export interface Outgoing {
  readonly payload: Uint8Array;
  readonly metadata: Uint8Array | undefined;
  readonly spill: SpillReference | undefined;
}

/** Bytes of a message in its frame: metadata and payload. */
export function outgoingLength({ payload, metadata }: Outgoing): number {
  return payload.length + (metadata === undefined ? 0 : metadata.length);
}

/** How one producer works; checked. */
export interface ProducerSettings {
  readonly label: string;
  readonly priority: number;
  /** Stamp each message with the time. */
  readonly timestamps: boolean;
  /** Publish once a turn of the event loop. */
  readonly tick: boolean;
  /** Nobody waits for more from it, and its end is no end of the stream. */
  readonly aside: boolean;
}

/**
 * One producer slot at work: its lane, and another one when that is taken out of use; makes frames of values, spills what is too large, publishes.
 * Knows nothing of promises, waits or reservations; those are Producer's.
 */
export class ProducerCore<T> {
  readonly slot: number;
  readonly #channel: Channel;
  readonly #codec: Codec<T>;
  readonly #settings: ProducerSettings;
  readonly #recovery: Recovery;
  #swept = monotonicMs();
  readonly #me: number;
  #writer!: LaneWriter;
  #spills!: Spills;
  /** Metadata of the first frame after the lane was taken. */
  #epoch: number | undefined;
  /** Whether a message without options needs nothing but its payload. */
  #plain = false;
  #corked = 0;
  #tickScheduled = false;
  #refused = 0;
  #busy = false;
  #laneGoes: (error: RingwayError) => void = () => undefined;
  /** What {@link ProducerCore.writeMany} has prepared, and found no room for. */
  #unsent: Outgoing | undefined;
  #state: 'open' | 'ended' | 'closed' = 'open';

  /** Joins, and takes a lane. Throws `ERR_RINGWAY_TOO_MANY_PRODUCERS`, `ERR_RINGWAY_NO_SPACE`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`. */
  constructor(channel: Channel, recovery: Recovery, codec: Codec<T>, settings: ProducerSettings) {
    this.#channel = channel;
    this.#codec = codec;
    this.#settings = settings;
    this.#recovery = recovery;
    // What the dead hold of slots and lanes can be taken once they are known to be dead.
    channel.roster.refresh();
    recovery.sweep(undefined);
    this.slot = joinAsProducer(channel, recovery, settings.label);
    this.#me = channel.slots.owner(this.slot);
    try {
      this.#use(takeLane(channel, this.#me, settings.label, settings.priority));
    } catch (error) {
      channel.slots.free(this.slot);
      throw error;
    }
  }

  /** Whether it has neither left nor ended. */
  get open(): boolean {
    return this.#state === 'open';
  }

  /** Whether something waits for room, or a reservation is open: nothing else may be written before it. */
  busy(): boolean {
    return this.#busy;
  }

  /** Told by what holds what waits. */
  setBusy(on: boolean): void {
    this.#busy = on;
  }

  /**
   * What is to be done before the lane is given up, because it is out of use or the producer leaves: whatever waits was prepared for it. Before, because who takes it next may give
   * the numbers of its spilled messages to others.
   */
  onLaneGoing(told: (error: RingwayError) => void): void {
    this.#laneGoes = told;
  }

  /** The lane's writer: another one after the lane was replaced. */
  get writer(): LaneWriter {
    return this.#writer;
  }

  /** Length of what was refused last for want of room. */
  get refused(): number {
    return this.#refused;
  }

  /** Throws `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_ENDED` or `ERR_RINGWAY_SEGMENT_TRUNCATED`. */
  check(): void {
    this.#checkOpen();
    this.#channel.segment.assertIntact();
  }

  #goneError(): RingwayError {
    return this.#state === 'ended'
      ? new RingwayError('ERR_RINGWAY_ENDED', 'this producer has ended: make another one to send more')
      : new RingwayError('ERR_RINGWAY_CLOSED', 'this producer was closed: make another one to send more');
  }

  /** The value as bytes; after this the producer is open still, and its lane in use. */
  encode(value: T): Uint8Array {
    this.#checkOpen();
    if (this.#writer.quarantined) this.replaceLane();
    return this.#encoded(value);
  }

  /** The common case, without an object in between: nothing but the payload, and it fits a frame. Undefined if it is another case. */
  writePlain(payload: Uint8Array): boolean | undefined {
    if (!this.#plain || payload.length > this.#writer.maxLength) return undefined;
    if (!this.#writer.write(FRAME_TYPE.message, undefined, payload)) return this.#refuse(payload.length);
    this.#afterWrite();
    return true;
  }

  /**
   * Writes messages without headers, from `from` up to `to`, and publishes them. Stops at the first that finds no room, which is kept for {@link ProducerCore.takeUnsent}, or
   * when something waits. One loop, so that what a call costs is paid once.
   *
   * @returns how many were written
   */
  writeMany(values: readonly T[], from: number, to: number): number {
    let at = from;
    this.#unsent = undefined;
    this.#checkOpen();
    if (this.#writer.quarantined) this.replaceLane();
    try {
      while (at < to && !this.busy()) {
        const payload = this.#encoded(values[at]);
        // Read anew each time: the codec may have lost the lane.
        const writer = this.#writer;
        if (this.busy() || !this.#plain || payload.length > writer.maxLength) {
          const outgoing = this.prepare(payload, undefined);
          if (this.busy() || !this.write(outgoing)) {
            this.#unsent = outgoing;
            break;
          }
        } else if (!writer.write(FRAME_TYPE.message, undefined, payload)) {
          this.#refuse(payload.length);
          this.#unsent = { payload, metadata: undefined, spill: undefined };
          break;
        } else if (writer.unpublishedBytes >= BATCH_BYTES) writer.publish();
        at++;
      }
    } finally {
      if (at !== from && this.#state === 'open') this.#afterWrite();
    }
    return at - from;
  }

  /** The message at which {@link ProducerCore.writeMany} stopped, encoded: to be written or discarded. */
  takeUnsent(): Outgoing | undefined {
    const unsent = this.#unsent;
    this.#unsent = undefined;
    return unsent;
  }

  /** A message that is not the common case; what is too large is spilled here. To be written or discarded. */
  prepare(payload: Uint8Array, carried: Metadata | undefined): Outgoing {
    const metadata = carried === undefined && !this.#settings.timestamps ? undefined : this.#metadata(carried);
    // Headers are the user's: their getters may have closed this producer.
    if (this.#state !== 'open') this.check();
    if (payload.length > this.#channel.maxMessageBytes) throw this.#tooLarge(payload.length);
    const extra = metadata === undefined ? 0 : metadata.length;
    if (payload.length + extra <= this.#writer.maxLength) return { payload, metadata, spill: undefined };
    return this.#spill(payload, metadata);
  }

  /** Writes one message, if there is room. Throws `ERR_RINGWAY_CORRUPT_LANE` where the lane was taken out of use; another one is taken. */
  write(outgoing: Outgoing): boolean {
    const { payload, metadata, spill } = outgoing;
    const writer = this.#writer;
    if (writer.quarantined) {
      this.discard(outgoing);
      this.replaceLane();
    }
    try {
      const type = spill === undefined ? FRAME_TYPE.message : FRAME_TYPE.spill;
      if (!this.beginLane() || !writer.write(type, metadata, payload)) return this.#refuse(outgoingLength(outgoing));
    } catch (error) {
      this.discard(outgoing);
      throw error;
    }
    if (spill !== undefined) this.#spills.framed(spill, writer.position);
    this.#afterWrite();
    return true;
  }

  /** What was prepared is not written after all. */
  discard({ spill }: Outgoing): void {
    if (spill !== undefined && !this.#channel.segment.closed) this.#spills.discard(spill);
  }

  /** Whether a frame of `length` bytes fits now. If not, what is gathered becomes readable. */
  fits(length: number): boolean {
    return this.#writer.fits(length) || this.#refuse(length);
  }

  /** Throws `ERR_RINGWAY_MESSAGE_TOO_LARGE` or a `RangeError` for what can never be reserved. */
  checkReserve(bytes: number): void {
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

  /** Offset in the lane's bytes of a place for a payload, or -1. Then {@link ProducerCore.writeReserved}, before anything else is written. */
  reserve(bytes: number): number {
    const offset = this.beginLane() ? this.#writer.reserve(bytes) : -1;
    if (offset < 0) this.#refuse(bytes);
    return offset;
  }

  /** The reserved place is a message now. */
  writeReserved(bytes: number): void {
    this.#writer.writeReserved(bytes);
    this.#afterWrite();
  }

  /** From here nothing is published before it has to be, until as many calls of {@link ProducerCore.uncork}. */
  cork(): void {
    this.check();
    this.#corked++;
  }

  uncork(): void {
    if (this.#corked > 0) this.#corked--;
    if (this.#corked === 0 && this.#state === 'open') this.#writer.publish();
  }

  /**
   * Before a sleep: the producer is to be woken when a frame of `length` bytes fits, or when `share` of the lane is free, whichever needs more.
   */
  wantRoom(length: number, share = 0): void {
    const { lane } = this.#writer;
    if (this.#channel.raiseLanesHigh(lane.index)) this.#channel.doorbells.ringAll();
    lane.want(this.#writer.floorFor(Math.max(length, share * lane.capacity - FRAME_HEADER_BYTES)));
  }

  wantNothing(): void {
    if (this.#state === 'open' && !this.#channel.segment.closed) this.#writer.lane.wantNothing();
  }

  /** Now and then: notes how old the backlog is, and removes spilled messages that were acknowledged since the last send. */
  housekeep(): void {
    if (this.#state !== 'open' || this.#writer.quarantined) return;
    try {
      this.#writer.noteAge(monotonicMs());
      this.#spills.release(this.#writer.floor, this.#writer.overwritten);
    } catch (error) {
      // The lane is out of use now, which the next send tells, and replaces it.
      if (!(error instanceof RingwayError) || error.code !== 'ERR_RINGWAY_CORRUPT_LANE') throw error;
    }
  }

  /** Leaves its lane in this state, and its slot. After this nothing here touches shared memory any more. */
  leave(state: typeof LANE_STATE.ended | typeof LANE_STATE.abandoned): void {
    this.#state = state === LANE_STATE.ended ? 'ended' : 'closed';
    const { segment, slots, doorbells } = this.#channel;
    this.#laneGoes(this.#goneError());
    leaving(segment, () => {
      this.#writer.publish();
      this.#writer.lane.wantNothing();
      leaveLane(this.#writer, this.#me, state);
      if (state === LANE_STATE.ended) this.#channel.announceEnd();
    });
    leaving(segment, () => {
      slots.free(this.slot);
      // Those of this very handle, whose locks it cannot watch, learn of it by this.
      doorbells.ringAll();
    });
  }

  /** Takes another lane for one that is out of use, and throws `ERR_RINGWAY_CORRUPT_LANE`: what it held is lost. */
  replaceLane(): never {
    const { lane } = this.#writer;
    const lost = laneLost(lane);
    // The new one first: without it this producer stays the old one's owner, and tries again at the next send.
    try {
      this.#use(takeLane(this.#channel, this.#me, this.#settings.label, this.#settings.priority));
      this.#laneGoes(lost);
      lane.setState(LANE_STATE.abandoned);
      lane.disown(this.#me);
    } catch (error) {
      const renewed = renewLane(lane, this.#settings.label, this.#settings.priority);
      if (renewed === undefined) throw error;
      this.#laneGoes(lost);
      this.#use(renewed);
    }
    throw lost;
  }

  /** A control frame that carries the epoch before a producer's first message: readers must not merge the orders of two producers. False while it does not fit. */
  beginLane(): boolean {
    if (this.#epoch === undefined) return true;
    if (!this.#writer.write(FRAME_TYPE.control, encodeMetadata({ epoch: this.#epoch }), NOTHING)) return false;
    this.#epoch = undefined;
    this.#plain = !this.#settings.timestamps;
    return true;
  }

  /** On the way of each message: memory that is missing is found before it is published (LaneWriter.publish). */
  #checkOpen(): void {
    if (this.#state !== 'open' || this.#channel.segment.closed) throw this.#goneError();
  }

  /** For who has looked whether the producer is open: only the codec can change that meanwhile. */
  #encoded(value: T): Uint8Array {
    const codec = this.#codec;
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
    if (this.#state !== 'open') this.check();
    if (payload instanceof Uint8Array) {
      if (payload.length <= this.#channel.maxMessageBytes) return payload;
      throw this.#tooLarge(payload.length);
    }
    throw new RingwayError(
      'ERR_RINGWAY_ENCODE',
      `codec ${codec.name} must encode to a Uint8Array, it returned ${typeof payload}`,
    );
  }

  #use({ lane, epoch }: { lane: Lane; epoch: number }): void {
    const channel = this.#channel;
    const { creationId } = channel.segment.header;
    this.#writer = new LaneWriter(lane, channel.words, channel.doorbells);
    const kept = lane.retained ? SPILLED_LANES * lane.capacity : 0;
    this.#spills = new Spills(channel.segment.attachments, creationId, lane.index, kept);
    this.#epoch = epoch;
    this.#plain = false;
    // Readable until it is drained, as a lane that a producer has left; nobody takes it from one who lives.
    if (this.#settings.aside) lane.setState(LANE_STATE.abandoned);
    this.#spills.takeOver(
      this.#writer.spillsInside((payload) =>
        decodeSpillReference(payload, creationId, lane.index, channel.maxMessageBytes),
      ),
    );
  }

  #metadata(carried: Metadata = {}): Uint8Array {
    const stamped = this.#settings.timestamps && carried.time === undefined;
    return encodeMetadata(stamped ? { ...carried, time: monotonicMs() } : carried);
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

  /**
   * What is gathered must be readable, or nothing will ever make room. Who tries again and again, and never waits, looks for the dead here: one of them may be what there is no room for.
   */
  #refuse(length: number): false {
    this.#refused = length;
    this.#writer.publish();
    const now = monotonicMs();
    if (now - this.#swept >= SWEEP_MS) {
      this.#swept = now;
      this.#channel.roster.refresh();
      this.#recovery.sweep(undefined);
    }
    return false;
  }

  #afterWrite(): void {
    const writer = this.#writer;
    if (this.#corked === 0 && !this.#settings.tick) writer.publish();
    else if (writer.unpublishedBytes >= BATCH_BYTES) writer.publish();
    else if (this.#settings.tick && !this.#tickScheduled) this.#scheduleTick();
    if (this.#spills.any) this.#spills.release(writer.floor, writer.overwritten);
  }

  #scheduleTick(): void {
    this.#tickScheduled = true;
    setImmediate(() => {
      this.#tickScheduled = false;
      if (this.#state !== 'open' || this.#corked > 0 || this.#channel.segment.closed) return;
      unlessTruncated(() => {
        this.#writer.publish();
      })();
    });
  }

  #tooLarge(bytes: number): RingwayError {
    return new RingwayError(
      'ERR_RINGWAY_MESSAGE_TOO_LARGE',
      `the message has ${bytes} bytes, this queue takes at most ${this.#channel.maxMessageBytes} (maxMessageBytes): split it, or create the queue with more`,
    );
  }
}

/** For what was on its way into a lane that is out of use. */
export function laneLost(lane: Lane): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_CORRUPT_LANE',
    `lane ${lane.index} was taken out of use: a reader found bytes in it that this producer did not write. What it held is lost; ` +
      'this message was not sent. The next send uses a new lane',
  );
}
