import { RingwayError } from '@ringway/memory';
import type { Channel } from './channel.js';
import type { Claim } from './claim.js';
import { monotonicMs } from './clock.js';
import { Deferrals, LONGEST_DELAY_MS, type Deferred } from './deferrals.js';
import { metadataBytes } from './frame.js';
import { contentsOffset, copyContents, metadataIn, payloadIn } from './frame-contents.js';
import type { Lane } from './lane.js';
import { readTerms, type DeliveryTerms, type Metadata } from './metadata.js';
import type { DeadLetterReason, Returns } from './returns.js';
import { isTruncation } from './truncated.js';

/** Milliseconds after which a message is offered again to dead letters that could not take it. */
const BURIAL_AGAIN_MS = 100;
/** Milliseconds after which a message comes again that was sent back without a delay, and of which there is no copy. */
const NACK_AGAIN_MS = 10;
/** Milliseconds between two times that messages which are not due are sent on. */
const WAY_MS = 100;
/** Messages that are not handed out, in a row, before the event loop has a turn. */
export const MOST_PASSED = 64;
/** A claim that is held up grows up to so many frames. */
const MOST_FRAMES = 65_536;

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

/** What an intake needs of its consumer. */
export interface IntakeContext {
  readonly channel: Channel;
  readonly returns: Returns;
  /** Acknowledges, unless the consumer was closed, without looking whether anything else can go on. */
  readonly acknowledge: (claim: Claim, number: number) => void;
  /** On the event loop: there may be something to hand out. */
  readonly lookAgain: () => void;
  /** The dead letters could not take a message. */
  readonly lettersFailed: (error: unknown) => void;
}

/**
 * Decides of each message that one consumer has claimed whether it is handed out, and when; and does what is to be done with those that are not: they wait until they are due, or go to the
 * dead letters. Whatever is not handed out is acknowledged, or kept here.
 */
export class Intake {
  readonly #context: IntakeContext;
  readonly #deferrals: Deferrals;
  readonly #terms: DeliveryTerms = { expiry: Infinity, notBefore: 0, attempts: 0 };
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;
  /** When messages that were not due were sent on last, as `performance.now()`. */
  #wayMadeAt = -Infinity;

  constructor(context: IntakeContext) {
    this.#context = context;
    this.#deferrals = new Deferrals(context.lookAgain);
  }

  /** Whether a message is to be looked at by {@link Intake.accepts}: it carries something, or somebody else has claimed it before. */
  concerns(claim: Claim, number: number): boolean {
    return claim.adopted || metadataBytes(claim.tags[number & claim.mask]) !== 0;
  }

  /** Whether a consumer had it before. */
  wasHandedOut(claim: Claim, number: number): boolean {
    return this.#readTerms(claim, number).attempts + claim.earlierDeliveries(number) > 0;
  }

  /** Whether it is handed out now. If not, it is kept until its time, or done with. */
  accepts(claim: Claim, number: number): boolean {
    const { notBefore, expiry, attempts: carried } = this.#readTerms(claim, number);
    const timed = expiry !== Infinity || notBefore !== 0;
    const now = timed ? monotonicMs() : 0;
    if (notBefore > now && notBefore <= now + LONGEST_DELAY_MS) {
      // Nobody can have had it since it was sent back, whatever its claim says of those behind it.
      this.#deferrals.add({ claim, number, due: notBefore, attempts: carried, reason: undefined });
      return false;
    }
    const attempts = carried + claim.earlierDeliveries(number);
    if (attempts >= this.#maxDeliveries) this.#bury({ claim, number, attempts, reason: 'max-deliveries' });
    else if (timed && expiry <= now) this.#bury({ claim, number, attempts, reason: 'expired' });
    else return true;
    return false;
  }

  /** So many messages in a row were not handed out: the event loop has a turn before the next ones are looked at. */
  lookAgainSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.#context.lookAgain();
    });
  }

  /** A message that was kept, and is to be handed out now. */
  takeDue(): Deferred | undefined {
    if (!this.#deferrals.any) return undefined;
    // One look at the clock: what goes to the dead letters in vain is due again later, and not in this loop.
    const now = monotonicMs();
    for (let passed = 0; ; passed++) {
      const due = this.#deferrals.takeDue(now);
      if (due === undefined) return undefined;
      const { claim, number, attempts, reason } = due;
      if (reason !== undefined) this.#bury({ claim, number, attempts, reason });
      else if (this.#readTerms(claim, number).expiry <= now) this.#bury({ claim, number, attempts, reason: 'expired' });
      else return due;
      if (passed === MOST_PASSED) {
        this.lookAgainSoon();
        return undefined;
      }
    }
  }

  /** It could not be handed out after all: it is the next one. */
  putBack(deferred: Deferred): void {
    this.#deferrals.add({ ...deferred, due: 0 });
  }

  /** Nack: it is to be handed out again, to anybody, after so many milliseconds. */
  giveBack({ claim, number, attempts }: Handed, delayMs: number): void {
    if (attempts >= this.#maxDeliveries) {
      this.#bury({ claim, number, attempts, reason: 'max-deliveries' });
      return;
    }
    const due = delayMs > 0 ? monotonicMs() + delayMs : 0;
    let copied = false;
    try {
      copied = this.#copy({ claim, number, due, attempts, reason: undefined });
    } finally {
      // Here it comes again; others have their turn meanwhile.
      const later = Math.max(due, monotonicMs() + NACK_AGAIN_MS);
      if (!copied) this.#deferrals.add({ claim, number, due: later, attempts, reason: undefined });
    }
  }

  /** It is to be handed out to nobody any more. */
  reject({ claim, number, attempts }: Handed): void {
    this.#bury({ claim, number, attempts, reason: 'rejected' });
  }

  /**
   * A claim cannot go on because of messages in it that are not due. If it is full, it grows, as far as it may; else others have claimed behind it, and they go behind all others, as copies: now
   * and then only, since what they find there may be more of their kind. Whether anything came of it.
   */
  makeWay(claim: Claim): boolean {
    const frames = claim.mask + 1;
    if (claim.full && frames < MOST_FRAMES) {
      claim.makeRoom(frames * 2);
      return true;
    }
    const wait = this.#wayMadeAt + WAY_MS - performance.now();
    if (wait > 0) {
      this.#lookAgainIn(wait);
      return false;
    }
    this.#wayMadeAt = performance.now();
    return this.#sendOn(this.#deferrals.takeAll(claim));
  }

  /** Before the consumer closes: what is kept goes behind all others, so that nothing that was acknowledged behind it comes again. The rest is handed over. */
  close(): void {
    this.#sendOn(this.#deferrals.takeAll());
    this.stop();
  }

  /** From here nobody is called. */
  stop(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#deferrals.close();
  }

  #lookAgainIn(milliseconds: number): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.#context.lookAgain();
    }, Math.ceil(milliseconds)).unref();
  }

  get #maxDeliveries(): number {
    return this.#context.returns.maxDeliveries ?? Infinity;
  }

  /** Copies what can be copied; keeps the rest. Whether any was. */
  #sendOn(kept: readonly Deferred[]): boolean {
    let sent = false;
    let at = 0;
    try {
      for (; at < kept.length; at++) {
        if (kept[at].reason === undefined && this.#copy(kept[at])) sent = true;
        else this.#deferrals.add(kept[at]);
      }
    } finally {
      // What an error has left.
      for (; at < kept.length; at++) this.#deferrals.add(kept[at]);
    }
    return sent;
  }

  /** Publishes a copy, and then acknowledges the original. False if that is not possible now, and nothing has happened. */
  #copy({ claim, number, due, attempts }: Deferred): boolean {
    try {
      const { payload, metadata } = this.#read(claim, number);
      const id = this.#idOf(claim, number, metadata);
      if (!this.#context.returns.copy({ id, payload, metadata, attempts }, due)) return false;
    } catch (error) {
      if (isTruncation(error) || !(isSystemError(error) || error instanceof RangeError)) throw error;
      return false;
    }
    this.#context.acknowledge(claim, number);
    return true;
  }

  /** Sends a message to the dead letters, and then acknowledges it. If they cannot take it, it is kept, and sent there again; what nobody can read is gone. */
  #bury({ claim, number, attempts, reason }: Omit<Deferred, 'due'> & { readonly reason: DeadLetterReason }): void {
    const { channel, returns, acknowledge, lettersFailed } = this.#context;
    let gone = false;
    try {
      const message = this.#readable(claim, number);
      if (message === undefined) returns.drop(this.#idOf(claim, number, {}), attempts, reason);
      else {
        const id = this.#idOf(claim, number, message.metadata);
        gone = returns.bury({ ...message, id, attempts }, reason);
      }
      gone ||= message === undefined;
    } catch (error) {
      // Throws where it is this queue that has lost memory, and not the other one.
      channel.segment.assertIntact();
      lettersFailed(error);
    } finally {
      if (gone) acknowledge(claim, number);
      else this.#deferrals.add({ claim, number, due: monotonicMs() + BURIAL_AGAIN_MS, attempts, reason });
    }
  }

  #idOf(claim: Claim, number: number, { origin }: Metadata): string {
    const { creationId } = this.#context.channel.segment.header;
    return origin ?? messageId(creationId, claim.lane, claim.lane.longPositionOf(claim.positions[number & claim.mask]));
  }

  #readTerms(claim: Claim, number: number): DeliveryTerms {
    const extra = metadataBytes(claim.tags[number & claim.mask]);
    readTerms(claim.lane.bytes, contentsOffset(claim, number), extra, this.#terms);
    return this.#terms;
  }

  /** The message where it lies. Throws what is wrong with it. */
  #read(claim: Claim, number: number): { payload: Uint8Array; metadata: Metadata } {
    const copy = copyContents(claim, number);
    const tag = claim.tags[number & claim.mask];
    return { payload: payloadIn(this.#context.channel, claim, copy, tag), metadata: metadataIn(copy, tag) };
  }

  /** The same; undefined for what no one can ever read. */
  #readable(claim: Claim, number: number): { payload: Uint8Array; metadata: Metadata } | undefined {
    try {
      return this.#read(claim, number);
    } catch (error) {
      if (error instanceof RingwayError && !isTruncation(error)) return undefined;
      throw error;
    }
  }
}

/** What the system, or what stands in the lane, is to blame for, and not the program. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}
