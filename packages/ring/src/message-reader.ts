import { RingwayError } from '@ringway/memory';
import type { Channel } from './channel.js';
import type { Claim } from './claim.js';
import type { Codec } from './codec.js';
import type { ConsumerCore } from './consumer-core.js';
import { DecodeError, Delivery } from './delivery.js';
import { frameType, metadataBytes } from './frame.js';
import { FRAME_HEADER_BYTES, FRAME_TYPE } from './layout.js';
import { decodeMetadata } from './metadata.js';
import { readSpill } from './spill-reader.js';
import { isTruncation } from './truncated.js';

const MESSAGE = FRAME_TYPE.message;

/**
 * The messages that one consumer can have now, decoded: makes a delivery of each frame that is claimed. Never waits;
 * that is Receiver's. What went wrong with nobody there to be told is kept for the next call.
 */
export class MessageReader<T> {
  /** Most frames that are claimed at a time. */
  limit: number;
  readonly #channel: Channel;
  readonly #core: ConsumerCore;
  readonly #codec: Codec<T>;
  readonly #creationId: string;
  readonly #acknowledge: (claim: Claim, number: number) => void;
  readonly #putBack: Delivery<T>[] = [];
  #failure: RingwayError | undefined;

  /** @param acknowledge - what `ack` of each delivery calls */
  constructor(
    channel: Channel,
    core: ConsumerCore,
    codec: Codec<T>,
    limit: number,
    acknowledge: (claim: Claim, number: number) => void,
  ) {
    this.#channel = channel;
    this.#core = core;
    this.#codec = codec;
    this.#creationId = channel.segment.header.creationId;
    this.limit = limit;
    this.#acknowledge = acknowledge;
  }

  /**
   * The next message, if there is one. Throws `DecodeError`, and what was kept by {@link MessageReader.keepFailure}.
   */
  take(): Delivery<T> | undefined {
    if (this.#putBack.length > 0) return this.#putBack.shift();
    for (;;) {
      const claim = this.#core.next(this.limit);
      if (claim === undefined) {
        this.throwFailure();
        return undefined;
      }
      if (claim.waiting === 1) this.#core.turnToNextLane();
      const number = claim.deliver();
      if (!claim.passOver(number)) return this.#decode(claim, number);
    }
  }

  /** As {@link MessageReader.take}, but keeps what went wrong for the next call. */
  takeOrKeepFailure(): Delivery<T> | undefined {
    try {
      return this.take();
    } catch (error) {
      if (!(error instanceof RingwayError)) throw error;
      this.#failure = error;
      return undefined;
    }
  }

  /** It was taken for a wait that was over by then: it is the next one again. */
  putBack(delivery: Delivery<T>): void {
    this.#putBack.push(delivery);
  }

  /** Nobody is there to be told: the next call throws it. */
  keepFailure(error: RingwayError): void {
    this.#failure = error;
  }

  /** Throws what was kept, once. */
  throwFailure(): void {
    const failure = this.#failure;
    if (failure === undefined) return;
    this.#failure = undefined;
    throw failure;
  }

  #decode(claim: Claim, number: number): Delivery<T> {
    const place = number & claim.mask;
    const start = (claim.positions[place] & (claim.lane.capacity - 1)) + FRAME_HEADER_BYTES;
    const tag = claim.tags[place];
    // A private copy, before anything is decoded: the bytes may change under a decoder (P2).
    const copy = claim.lane.bytes.slice(start, start + claim.lengths[place]);
    claim.lane.segment.assertIntact();
    // Before the codec, which is the user's, sees it.
    claim.hand(number);
    const source = {
      claim,
      number,
      metadata: {},
      attempts: claim.earlierDeliveries(number) + 1,
      redelivered: claim.adopted,
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
        source.redelivered ||= source.attempts > 1;
        payload = copy.subarray(extra);
        if (frameType(tag) === FRAME_TYPE.spill) payload = readSpill(this.#channel, claim.lane.index, payload);
      }
      const value = this.#codec.decode(payload);
      // The codec is the user's: it may have closed this consumer.
      if (this.#core.closed) throw closedError();
      return new Delivery(value, source);
    } catch (error) {
      if (this.#core.closed || isTruncation(error)) throw error;
      throw new DecodeError(this.#codec.name, new Delivery(payload, source), error);
    }
  }
}

/** For whatever is asked of a consumer that was closed. */
export function closedError(): RingwayError {
  return new RingwayError('ERR_RINGWAY_CLOSED', 'this consumer was closed: make another one to receive more');
}
