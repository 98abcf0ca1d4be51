import { RingwayError } from '@ringway/memory';
import type { Channel } from './channel.js';
import type { Claim } from './claim.js';
import { monotonicMs } from './clock.js';
import { Deferrals, type Deferred } from './deferrals.js';
import { metadataBytes } from './frame.js';
import { contentsOffset, copyContents, metadataIn, payloadIn } from './frame-contents.js';
import type { Lane } from './lane.js';
import { readTerms, type DeliveryTerms, type Metadata } from './metadata.js';
import type { DeadLetterReason, Returns } from './returns.js';
import { isTruncation } from './truncated.js';

/** Milliseconds after which a message is offered again to dead letters that had no room. */
const BURIAL_AGAIN_MS = 100;

/** What is done with one message; see {@link Intake.giveBack}. */
export interface Handed {
  readonly claim: Claim;
  readonly number: number;
  readonly id: string;
  /** Deliveries, this one included. */
  readonly attempts: number;
}

/** The id of a message that stands at a position, counted over all laps. */
export function messageId(creationId: string, lane: Lane, position: number): string {
  return `${creationId}-${lane.index}-${position}`;
}

/**
 * Decides of each message that one consumer has claimed whether it is handed out, and when; and does what is to be done with those that are not: they wait until they are due, or go to the
 * dead letters.
 */
export class Intake {
  readonly #channel: Channel;
  readonly #returns: Returns;
  readonly #deferrals: Deferrals;
  readonly #acknowledge: (claim: Claim, number: number) => void;
  readonly #terms: DeliveryTerms = { expiry: Infinity, notBefore: 0, attempts: 0 };

  /**
   * @param acknowledge - acknowledges without looking whether anything else can go on
   * @param isDue - called when a message that was deferred is due, on the event loop
   */
  constructor(
    channel: Channel,
    returns: Returns,
    acknowledge: (claim: Claim, number: number) => void,
    isDue: () => void,
  ) {
    this.#channel = channel;
    this.#returns = returns;
    this.#acknowledge = acknowledge;
    this.#deferrals = new Deferrals(isDue);
  }

  /** Whether a message is to be looked at by {@link Intake.accepts}: it carries something, or somebody else has claimed it before. */
  concerns(claim: Claim, number: number): boolean {
    return claim.adopted || metadataBytes(claim.tags[number & claim.mask]) !== 0;
  }

  /** Whether a consumer had it before. */
  wasHandedOut(claim: Claim, number: number): boolean {
    return this.#readTerms(claim, number) > 0;
  }

  /** Whether it is handed out now. If not, it is deferred, or acknowledged. */
  accepts(claim: Claim, number: number): boolean {
    const terms = this.#terms;
    const attempts = this.#readTerms(claim, number);
    const { maxDeliveries = Infinity } = this.#returns;
    if (attempts >= maxDeliveries) return !this.#bury(claim, number, 'max-deliveries', attempts);
    if (terms.expiry === Infinity && terms.notBefore === 0) return true;
    const now = monotonicMs();
    if (terms.expiry <= now) return !this.#bury(claim, number, 'expired', attempts);
    if (!(terms.notBefore > now)) return true;
    this.#deferrals.add({ claim, number, due: terms.notBefore, attempts: undefined, reason: undefined });
    return false;
  }

  /** A message that was deferred and is to be handed out now. */
  takeDue(): Deferred | undefined {
    for (let due = this.#deferrals.takeDue(); due !== undefined; due = this.#deferrals.takeDue()) {
      const { claim, number, reason, attempts = 0 } = due;
      if (reason === undefined || !this.#bury(claim, number, reason, attempts)) return due;
    }
    return undefined;
  }

  /** It could not be handed out after all: it is the next one. */
  putBack(deferred: Deferred): void {
    this.#deferrals.add({ ...deferred, due: 0 });
  }

  /** Nack: it is to be handed out again, to anybody, after so many milliseconds. */
  giveBack(handed: Handed, delayMs: number): void {
    const { claim, number, id, attempts } = handed;
    const { maxDeliveries = Infinity } = this.#returns;
    if (attempts >= maxDeliveries) {
      this.#bury(claim, number, 'max-deliveries', attempts);
      return;
    }
    const due = delayMs > 0 ? monotonicMs() + delayMs : 0;
    const frame = this.#read(claim, number);
    if (frame !== undefined && this.#returns.copy({ ...frame, id, attempts }, due)) this.#acknowledge(claim, number);
    else this.#deferrals.add({ claim, number, due, attempts, reason: undefined });
  }

  /** It is to be handed out to nobody any more. Throws what sending it to the dead letters throws; it goes there later then. */
  reject({ claim, number, attempts }: Handed): void {
    this.#bury(claim, number, 'rejected', attempts);
  }

  /** The consumer closes. */
  close(): void {
    this.#deferrals.clear();
  }

  /** False if it cannot be read, and so has to be handed out, for somebody must be told. */
  #bury(claim: Claim, number: number, reason: DeadLetterReason, attempts: number): boolean {
    const frame = this.#read(claim, number);
    if (frame === undefined) return false;
    const { creationId } = this.#channel.segment.header;
    const position = claim.lane.longPositionOf(claim.positions[number & claim.mask]);
    const id = frame.metadata.origin ?? messageId(creationId, claim.lane, position);
    let buried = false;
    try {
      buried = this.#returns.bury({ ...frame, id, attempts }, reason);
    } finally {
      // Also where it throws: then somebody is told, and it is tried again all the same.
      if (buried) this.#acknowledge(claim, number);
      else this.#deferrals.add({ claim, number, due: monotonicMs() + BURIAL_AGAIN_MS, attempts, reason });
    }
    return true;
  }

  /** Returns how often it was handed out. */
  #readTerms(claim: Claim, number: number): number {
    const extra = metadataBytes(claim.tags[number & claim.mask]);
    readTerms(claim.lane.bytes, contentsOffset(claim, number), extra, this.#terms);
    return this.#terms.attempts + claim.earlierDeliveries(number);
  }

  /** The message where it lies; undefined if it cannot be read: then its consumer is to be told. */
  #read(claim: Claim, number: number): { payload: Uint8Array; metadata: Metadata } | undefined {
    try {
      const copy = copyContents(claim, number);
      const tag = claim.tags[number & claim.mask];
      return { payload: payloadIn(this.#channel, claim, copy, tag), metadata: metadataIn(copy, tag) };
    } catch (error) {
      if (error instanceof RingwayError && !isTruncation(error)) return undefined;
      throw error;
    }
  }
}
