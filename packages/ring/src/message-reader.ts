import { RingwayError } from '@ringway/memory';
import type { Channel } from './channel.js';
import type { Claim } from './claim.js';
import type { Codec } from './codec.js';
import type { ConsumerCore } from './consumer-core.js';
import { DecodeError } from './decode-error.js';
import { Delivery, type Keeper } from './delivery.js';
import { copyContents, metadataIn, payloadIn } from './frame-contents.js';
import { metadataBytes } from './frame.js';
import { MOST_PASSED, type Intake } from './intake.js';
import { FRAME_TYPE } from './layout.js';
import type { Received } from './loops.js';
import type { Metadata } from './metadata.js';
import { isTruncation } from './truncated.js';

const MESSAGE = FRAME_TYPE.message;
const NO_METADATA: Metadata = Object.freeze({});

/**
 * The messages that one consumer can have now, decoded: makes a delivery of each frame that is claimed. Never waits;
 * that is Receiver's. What went wrong with nobody there to be told is kept for the next call.
 */
export class MessageReader<T> implements Received<Delivery<T>, T> {
  /** Most frames that are claimed at a time. */
  limit: number;
  readonly #channel: Channel;
  readonly #core: ConsumerCore;
  readonly #codec: Codec<T>;
  readonly #creationId: string;
  readonly #keeper: Keeper;
  readonly #intake: Intake;
  readonly #putBack: Delivery<T>[] = [];
  #endedEarly = false;
  #failure: RingwayError | undefined;

  /** @param keeper - what each delivery tells what came of it */
  constructor(channel: Channel, core: ConsumerCore, codec: Codec<T>, limit: number, keeper: Keeper, intake: Intake) {
    this.#channel = channel;
    this.#core = core;
    this.#codec = codec;
    this.#creationId = channel.segment.header.creationId;
    this.limit = limit;
    this.#keeper = keeper;
    this.#intake = intake;
  }

  /**
   * The next message, if there is one. Throws `DecodeError`, and what was kept by {@link MessageReader.keepFailure}.
   */
  take(): Delivery<T> | undefined {
    this.#endedEarly = false;
    if (this.#putBack.length > 0) return this.#putBack.shift();
    const due = this.#intake.takeDue();
    if (due !== undefined) return this.#decode(due.claim, due.number, due.attempts);
    for (let passed = 0; ;) {
      const claim = this.#core.next(this.limit);
      if (claim === undefined) {
        this.throwFailure();
        return undefined;
      }
      if (claim.waiting === 1) this.#core.turnToNextLane();
      const number = claim.deliver();
      if (claim.passOver(number)) continue;
      if (!this.#intake.concerns(claim, number) || this.#intake.accepts(claim, number)) {
        return this.#decode(claim, number, undefined);
      }
      if (++passed === MOST_PASSED) {
        this.#endedEarly = true;
        this.#intake.lookAgainSoon();
        return undefined;
      }
    }
  }

  /** Whether the last {@link MessageReader.take} found nothing before it had looked everywhere. */
  get endedEarly(): boolean {
    return this.#endedEarly;
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

  valueOf({ value }: Delivery<T>): T {
    return value;
  }

  /** A loop is done with it. */
  settle(delivery: Delivery<T>): void {
    delivery.ack();
  }

  /** @param attempts - deliveries before, where this handle alone knows them */
  #decode(claim: Claim, number: number, attempts: number | undefined): Delivery<T> {
    const tag = claim.tags[number & claim.mask];
    const copy = copyContents(claim, number);
    // Before the codec, which is the user's, sees it.
    claim.hand(number);
    const before = attempts ?? claim.earlierDeliveries(number);
    const source = {
      claim,
      number,
      metadata: NO_METADATA,
      attempts: before + 1,
      redelivered: claim.adopted || before > 0,
      keeper: this.#keeper,
      creationId: this.#creationId,
    };
    let payload: Uint8Array = copy;
    try {
      if (tag !== MESSAGE) {
        payload = copy.subarray(metadataBytes(tag));
        const metadata = metadataIn(copy, tag);
        source.metadata = metadata;
        if (attempts === undefined) source.attempts += metadata.attempts ?? 0;
        source.redelivered ||= source.attempts > 1;
        payload = payloadIn(this.#channel, claim, copy, tag);
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
