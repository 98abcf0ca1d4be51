import { RingwayError } from '@ringway/memory';
import type { Channel } from './channel.js';
import { monotonicMs } from './clock.js';
import type { Codec } from './codec.js';
import type { Cursor } from './cursor.js';
import { MessageDecodeError } from './decode-error.js';
import { frameType, metadataBytes } from './frame.js';
import { FRAME_TYPE } from './layout.js';
import type { Received } from './loops.js';
import { Message, type MessageSource } from './message.js';
import { decodeMetadata, keyBytes, wantedKey, type Metadata } from './metadata.js';
import type { Source } from './receiver.js';
import { findSpill, readSpill } from './spill-reader.js';
import { refusePromise } from './poller.js';
import { MOST_LAPS, slowError, type SubscriberCore } from './subscriber-core.js';
import { isTruncation } from './truncated.js';

const MESSAGE = FRAME_TYPE.message;
const NO_METADATA: Metadata = Object.freeze({});
/** Messages that are not handed out, in a row, before the event loop has a turn. */
const MOST_PASSED = 1024;

/** Called by `poll` for each message. `bytes` is shared memory, or what is used again for the next message: copy what is to be kept. Valid during the call only. */
export type TopicHandler = (bytes: Uint8Array, offset: number, length: number) => void;

/** What a handler returns is looked at: a promise would be passed over. */
type CheckedHandler = (...message: Parameters<TopicHandler>) => unknown;

/** Longest message that `poll` hands out from memory that is used again for the next one. */
const SCRATCH_BYTES = 64 * 1024;

/** Private copies of what a frame holds. */
interface Contents {
  readonly metadata: Uint8Array | undefined;
  readonly payload: Uint8Array;
}

/**
 * The messages that one subscriber can have now, decoded. Never waits; that is Receiver's. What went wrong with nobody there to be told is kept for the next call.
 */
export class TopicReader<T, G> implements Source<Message<T> | G>, Received<Message<T> | G, T | G> {
  readonly word = 'subscriber';
  /** A message is for all of them. */
  readonly oneOfMany = false;
  readonly leavesWork = false;
  readonly #channel: Channel;
  readonly #core: SubscriberCore;
  readonly #codec: Codec<T>;
  readonly #keys: ReadonlySet<string> | undefined;
  readonly #ready: (Message<T> | G)[] = [];
  #endedEarly = false;
  #polling = false;
  #scratch: Uint8Array | undefined;
  /** Messages that one call of `poll` has not handed out. */
  #passed = 0;
  /** So often may it have been lapped before the event loop has a turn. */
  #mostLaps = 0;
  #failure: RingwayError | undefined;

  /** @param keys - what is wanted; undefined: everything */
  constructor(channel: Channel, core: SubscriberCore, codec: Codec<T>, keys: Iterable<string> | undefined) {
    this.#channel = channel;
    this.#core = core;
    this.#codec = codec;
    this.#keys = keys === undefined ? undefined : new Set(Array.from(keys, wantedKey));
  }

  get slot(): number {
    return this.#core.slot;
  }

  get closed(): boolean {
    return this.#core.closed;
  }

  get busy(): boolean {
    return this.#polling;
  }

  get endedEarly(): boolean {
    return this.#endedEarly || this.#core.endedEarly;
  }

  /** A gap, where it was asked for: comes before what is read next. A handler of `poll` has no place for it. */
  addGap(gap: G): void {
    if (!this.#polling) this.#ready.push(gap);
  }

  /** The next message, or a gap. Throws `MessageDecodeError`, and what was kept by {@link TopicReader.keepFailure}. */
  take(): Message<T> | G | undefined {
    this.#endedEarly = false;
    this.#mostLaps = this.#core.laps + MOST_LAPS;
    for (let passed = 0; passed < MOST_PASSED && this.#core.laps < this.#mostLaps; passed++) {
      if (this.#ready.length > 0) return this.#ready.shift();
      const cursor = this.#core.next();
      // What was missed is told before what comes after it.
      if (this.#ready.length > 0) continue;
      if (cursor === undefined) {
        this.throwFailure();
        return undefined;
      }
      const message = this.#read(cursor);
      if (message !== undefined) return message;
    }
    this.#endedEarly = true;
    // It may have been lapped the last time.
    return this.#ready.shift();
  }

  takeOrKeepFailure(): Message<T> | G | undefined {
    try {
      return this.take();
    } catch (error) {
      if (!(error instanceof RingwayError)) throw error;
      this.#failure = error;
      return undefined;
    }
  }

  /** Hands messages of one lane to the handler. Returns how many; 0 where there is nothing, or where it has passed over so much that the event loop is to have a turn. */
  poll(handler: TopicHandler, limit: number): number {
    this.#endedEarly = false;
    if (limit <= 0) return 0;
    this.#polling = true;
    this.#passed = 0;
    try {
      // On with the next lane where nothing of one was handed out.
      this.#mostLaps = this.#core.laps + MOST_LAPS;
      while (this.#goesOn()) {
        const cursor = this.#core.next();
        if (cursor === undefined) return 0;
        const done = this.#pollLane(cursor, handler, limit);
        if (done > 0 || this.#core.closed) return done;
      }
    } finally {
      this.#polling = false;
    }
    this.#endedEarly = true;
    return 0;
  }

  putBack(message: Message<T> | G): void {
    this.#ready.unshift(message);
  }

  keepFailure(error: RingwayError): void {
    this.#failure = error;
  }

  throwFailure(): void {
    const failure = this.#failure;
    if (failure === undefined) return;
    this.#failure = undefined;
    throw failure;
  }

  closedError(): RingwayError {
    if (this.#core.evicted) return slowError('');
    return new RingwayError('ERR_RINGWAY_CLOSED', 'this subscriber was closed: make another one to receive more');
  }

  valueOf(received: Message<T> | G): T | G {
    return received instanceof Message ? received.value : received;
  }

  settle(): void {
    // Nothing is acknowledged: what was read is free at once.
  }

  hasEnded(): boolean {
    return this.#core.hasEnded();
  }

  endSeen(): void {
    this.#core.endSeen();
  }

  wantEnd(): void {
    // Whoever ends rings all, and what is read here is read by this one.
  }

  lookForDead(): void {
    this.#core.lookForDead();
  }

  /** The message at a cursor, which is passed; undefined where it is not handed out. */
  #read(cursor: Cursor): Message<T> | undefined {
    const contents = this.#contents(cursor);
    if (contents === undefined) return undefined;
    const { tag } = cursor;
    const source = this.#sourceAt(cursor);
    cursor.advance();
    cursor.release();
    const { metadata, payload } = contents;
    try {
      if (metadata !== undefined) source.metadata = decodeMetadata(metadata);
      if (tag !== MESSAGE && isExpired(source.metadata)) return undefined;
      const value = this.#codec.decode(payload);
      // The codec is the user's: it may have closed this subscriber.
      if (this.#core.closed) throw this.closedError();
      return new Message(value, source);
    } catch (error) {
      if (this.#core.closed || isTruncation(error)) throw error;
      throw new MessageDecodeError(this.#codec.name, new Message(payload, source), error);
    }
  }

  /** Whether `poll` has not passed over so much that the event loop is to have a turn. */
  #goesOn(): boolean {
    return this.#passed < MOST_PASSED && this.#core.laps < this.#mostLaps;
  }

  #pollLane(cursor: Cursor, handler: CheckedHandler, limit: number): number {
    let done = 0;
    try {
      do {
        if (this.#hand(cursor, handler)) done++;
        else this.#passed++;
        if (this.#core.closed) return done;
      } while (done < limit && this.#goesOn() && this.#core.nextOf(cursor));
    } finally {
      if (!this.#core.closed) {
        // What the handler read in place may have been zeros.
        cursor.lane.segment.assertIntact();
        cursor.release();
      }
    }
    this.#core.turnToNextLane();
    return done;
  }

  /** Hands the message at a cursor to a handler of `poll`, and passes it. False where it is not handed out. What the handler throws leaves it the next one. */
  #hand(cursor: Cursor, handler: CheckedHandler): boolean {
    let isWanted = true;
    if (cursor.tag === MESSAGE && cursor.inPlace && this.#keys === undefined) {
      refusePromise(handler(cursor.lane.bytes, cursor.start, cursor.length));
    } else if (cursor.tag === MESSAGE && cursor.length <= SCRATCH_BYTES && this.#keys === undefined) {
      const scratch = (this.#scratch ??= new Uint8Array(SCRATCH_BYTES));
      scratch.set(cursor.lane.bytes.subarray(cursor.start, cursor.start + cursor.length));
      if (!cursor.isIntact()) {
        this.#core.lapped(cursor);
        return false;
      }
      refusePromise(handler(scratch, 0, cursor.length));
    } else {
      const contents = this.#contents(cursor);
      if (contents === undefined) return false;
      isWanted = !this.#isExpired(cursor, contents);
      if (isWanted) refusePromise(handler(contents.payload, 0, contents.payload.length));
    }
    if (!this.#core.closed) cursor.advance();
    return isWanted;
  }

  /** Metadata that nobody can read is passed with its message, or it would be the next one for ever. */
  #isExpired(cursor: Cursor, { metadata, payload }: Contents): boolean {
    try {
      return metadata !== undefined && isExpired(decodeMetadata(metadata));
    } catch (error) {
      const source = this.#sourceAt(cursor);
      cursor.advance();
      throw new MessageDecodeError(this.#codec.name, new Message(payload, source), error);
    }
  }

  /**
   * A private copy of what stands at a cursor (P2), whole. Undefined where it is not wanted, or is there no more; that was seen to, and the cursor stands further on. The object of a spilled
   * message is read before its frame is let go: then its publisher may remove it.
   */
  #contents(cursor: Cursor): Contents | undefined {
    const { tag, start, length, lane } = cursor;
    const extra = metadataBytes(tag);
    if (this.#keys !== undefined && !this.#wants(cursor)) return undefined;
    const copy = lane.bytes.slice(start, start + length);
    lane.segment.assertIntact();
    if (!cursor.isIntact()) {
      this.#core.lapped(cursor);
      return undefined;
    }
    if (tag === MESSAGE) return { metadata: undefined, payload: copy };
    const metadata = extra === 0 ? undefined : copy.subarray(0, extra);
    const payload = copy.subarray(extra);
    if (frameType(tag) === MESSAGE) return { metadata, payload };
    const message = this.#findSpill(cursor, payload);
    if (message === undefined) return undefined;
    // While its frame is there, no other message has its object's name.
    if (cursor.isIntact()) return { metadata, payload: message };
    this.#core.lapped(cursor);
    return undefined;
  }

  /** The object of a spilled message. Undefined where it is gone, which was seen to. An object that is not what the frame says is passed: it would be so for ever. */
  #findSpill(cursor: Cursor, payload: Uint8Array): Uint8Array | undefined {
    let message: Uint8Array | undefined;
    try {
      message = findSpill(this.#channel, cursor.lane.index, payload);
    } catch (error) {
      if (error instanceof RingwayError && !isTruncation(error)) {
        cursor.advance();
        cursor.release();
      }
      throw error;
    }
    if (message === undefined) this.#withoutSpill(cursor, payload);
    return message;
  }

  /** The object of a spilled message is gone. For who is waited for that is somebody's doing who does not follow the protocol; else it is as if the frame had been overwritten. */
  #withoutSpill(cursor: Cursor, payload: Uint8Array): void {
    if (cursor.gates && cursor.evicted) {
      this.#core.lapped(cursor);
      return;
    }
    const gated = cursor.gates;
    cursor.advance();
    cursor.release();
    if (!gated) this.#core.missedOne(cursor);
    else readSpill(this.#channel, cursor.lane.index, payload);
  }

  #sourceAt(cursor: Cursor): { -readonly [K in keyof MessageSource]: MessageSource[K] } {
    const { lane, position } = cursor;
    const { creationId } = this.#channel.segment.header;
    return { lane, position, publisher: cursor.label, metadata: NO_METADATA, creationId };
  }

  /** Whether the message at a cursor has a key that is wanted; if not, or it was overwritten, that was seen to. Before anything else of it is copied. */
  #wants(cursor: Cursor): boolean {
    const extra = metadataBytes(cursor.tag);
    const copy = cursor.lane.bytes.slice(cursor.start, cursor.start + extra);
    if (!cursor.isIntact()) {
      this.#core.lapped(cursor);
      return false;
    }
    const key = extra === 0 ? undefined : keyBytes(copy);
    if (key !== undefined && this.#keys?.has(key) === true) return true;
    cursor.advance();
    cursor.release();
    return false;
  }
}

function isExpired({ expiry }: Metadata): boolean {
  return expiry !== undefined && expiry <= monotonicMs();
}
