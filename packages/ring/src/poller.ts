import { RingwayError } from '@ringway/memory';
import type { Channel } from './channel.js';
import type { Claim } from './claim.js';
import type { ConsumerCore } from './consumer-core.js';
import type { Deferred } from './deferrals.js';
import { contentsOffset, copyContents, payloadIn } from './frame-contents.js';
import { frameType, metadataBytes } from './frame.js';
import { MOST_PASSED, type Intake } from './intake.js';
import { FRAME_HEADER_BYTES, FRAME_TYPE } from './layout.js';
import { readSpill } from './spill-reader.js';

const MESSAGE = FRAME_TYPE.message;

/**
 * Called by `poll` for each message, in place. `bytes` is the lane itself, shared memory: another process could change
 * it meanwhile, so hand it to no asynchronous API and to no decoder unless you trust the producers; copy it instead.
 * Valid during the call only.
 */
export type PollHandler = (bytes: Uint8Array, offset: number, length: number, redelivered: boolean) => void;

/** What a handler returns is looked at: a promise would be acknowledged before it is fulfilled. */
type CheckedHandler = (...message: Parameters<PollHandler>) => unknown;

/**
 * Hands messages to a handler where they lie, without a copy and without a codec, and acknowledges them batch by batch.
 */
export class Poller {
  readonly #channel: Channel;
  readonly #core: ConsumerCore;
  readonly #intake: Intake;
  readonly #over: () => void;
  #claim: Claim | undefined;
  #handingDue = false;
  /** Whether the claim has nothing outstanding but what this poll has delivered. */
  #alone = false;

  /** @param over - called after each batch, when its acknowledgements are done and the consumer is not closed */
  constructor(channel: Channel, core: ConsumerCore, intake: Intake, over: () => void) {
    this.#channel = channel;
    this.#core = core;
    this.#intake = intake;
    this.#over = over;
  }

  /** Whether a handler is at work. */
  get busy(): boolean {
    return this.#claim !== undefined || this.#handingDue;
  }

  /**
   * Hands up to `limit` messages of one lane to the handler, and acknowledges them. Returns how many; 0 when there is
   * nothing in any lane.
   */
  poll(handler: PollHandler, limit: number): number {
    const due = limit > 0 ? this.#intake.takeDue() : undefined;
    if (due !== undefined) return this.#pollDue(due, handler);
    // Again only where a claim held nothing that is handed out.
    for (let passed = 0; ;) {
      const claim = limit > 0 ? this.#core.next(limit) : undefined;
      if (claim === undefined) return 0;
      const done = this.#pollClaim(claim, handler, limit);
      this.#core.turnToNextLane();
      if (done > 0 || this.#core.closed) return done;
      if (++passed === MOST_PASSED) {
        this.#intake.lookAgainSoon();
        return 0;
      }
    }
  }

  /**
   * Before the consumer is closed, and while the segment is not: what was handled is done, but for the message whose
   * handler closes it.
   */
  settle(): void {
    if (this.#claim === undefined) return;
    this.#claim.undeliver(1);
    // What was received before and is not acknowledged stays so; then each message was acknowledged by itself.
    if (this.#alone) this.#claim.acknowledgeAll();
  }

  #pollClaim(claim: Claim, handler: CheckedHandler, limit: number): number {
    const { lane, positions, lengths, tags, mask } = claim;
    const { bytes } = lane;
    const ring = lane.capacity - 1;
    const first = claim.cursor;
    let alone = claim.outstanding === 0;
    const redelivered = claim.adopted;
    let done = 0;
    let handed = false;
    this.#claim = claim;
    this.#alone = alone;
    try {
      while (done < limit && claim.waiting > 0) {
        handed = false;
        const number = claim.deliver();
        const place = number & mask;
        const tag = tags[place];
        if (tag !== MESSAGE && claim.passOver(number)) continue;
        if ((redelivered || tag !== MESSAGE) && this.#intake.concerns(claim, number)) {
          // What is not handed out may stay claimed: from here each message is acknowledged by itself.
          for (let handed = first; alone && handed !== number; handed = (handed + 1) | 0) claim.acknowledge(handed);
          this.#alone = alone = false;
          // It may also have made room in the claim, whose places have moved then.
          if (!this.#intake.accepts(claim, number)) break;
        }
        handed = true;
        claim.hand(number);
        const answer: unknown =
          tag === MESSAGE
            ? handler(bytes, (positions[place] & ring) + FRAME_HEADER_BYTES, lengths[place], redelivered)
            : this.#pollUnusual(claim, number, handler, redelivered);
        if (answer !== undefined) refusePromise(answer);
        done++;
        if (this.#core.closed) return done;
        if (!alone) claim.acknowledge(number);
      }
    } catch (error) {
      if (handed && !this.#core.closed) claim.undeliver(1);
      throw error;
    } finally {
      this.#claim = undefined;
      if (!this.#core.closed) {
        // What the handler read in place may have been zeros.
        lane.segment.assertIntact();
        if (alone) claim.acknowledgeAll();
        this.#core.settle();
        this.#over();
      }
    }
    return done;
  }

  /** A message that was deferred; a private copy of it. */
  #pollDue(due: Deferred, handler: CheckedHandler): number {
    const { claim, number } = due;
    this.#handingDue = true;
    try {
      const copy = copyContents(claim, number);
      const payload = payloadIn(this.#channel, claim, copy, claim.tags[number & claim.mask]);
      const redelivered = due.attempts > 0 || claim.adopted;
      claim.hand(number);
      const answer: unknown = handler(payload, 0, payload.length, redelivered);
      if (answer !== undefined) refusePromise(answer);
      if (!this.#core.closed) claim.acknowledge(number);
    } catch (error) {
      if (!this.#core.closed) this.#intake.putBack(due);
      throw error;
    } finally {
      this.#handingDue = false;
      if (!this.#core.closed) {
        this.#core.settle();
        this.#over();
      }
    }
    return 1;
  }

  /** A message with metadata, or one that was spilled. */
  #pollUnusual(claim: Claim, number: number, handler: CheckedHandler, adopted: boolean): unknown {
    const { lane } = claim;
    const place = number & claim.mask;
    const tag = claim.tags[place];
    const extra = metadataBytes(tag);
    const start = contentsOffset(claim, number) + extra;
    const length = claim.lengths[place] - extra;
    const redelivered = adopted || (extra !== 0 && this.#intake.wasHandedOut(claim, number));
    if (frameType(tag) === MESSAGE) return handler(lane.bytes, start, length, redelivered);
    const message = readSpill(this.#channel, lane.index, lane.bytes.slice(start, start + length));
    return handler(message, 0, message.length, redelivered);
  }
}

/** Throws `ERR_RINGWAY_ASYNC_HANDLER` for a promise. */
export function refusePromise(answer: unknown): void {
  if (typeof (answer as { then?: unknown } | null | undefined)?.then !== 'function') return;
  // Its outcome is nobody's; the error below says what is wrong.
  Promise.resolve(answer as PromiseLike<unknown>).catch(() => undefined);
  throw new RingwayError(
    'ERR_RINGWAY_ASYNC_HANDLER',
    'a handler of poll() must be synchronous, this one returned a promise; use run() for asynchronous handlers. ' +
      'The message stays unacknowledged',
  );
}
