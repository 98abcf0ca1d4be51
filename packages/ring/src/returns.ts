import type { Metadata } from './metadata.js';
import type { DeadLetters } from './dead-letters.js';
import type { Forwarder } from './forwarder.js';
import { isTruncation } from './truncated.js';

/** Why a message is given to no consumer any more. */
export type DeadLetterReason = 'expired' | 'max-deliveries' | 'rejected';

/** A message that is given to no consumer any more. */
export interface DeadLetter {
  /** As `delivery.id`. */
  readonly id: string;
  readonly reason: DeadLetterReason;
  /** How often it was handed to a consumer. */
  readonly attempts: number;
  /** The queue to which it went; undefined if this one has no dead letters: then it is gone. */
  readonly queue: string | undefined;
}

/** A message that its consumer does not keep, as it stood in the lane. */
export interface Returned {
  readonly id: string;
  readonly payload: Uint8Array;
  readonly metadata: Metadata;
  /** Deliveries so far. */
  readonly attempts: number;
}

/** What the consumers of one handle need to give messages back. */
export interface ReturnsContext {
  readonly queue: string;
  /** A producer of the queue itself, for copies. */
  readonly copies: () => Forwarder;
  readonly deadLetters: DeadLetters;
  readonly maxDeliveries: number | undefined;
  readonly told: (letter: DeadLetter) => void;
}

/** After a refusal that is none of room (no lane, no memory) copies are not tried again for so many milliseconds. */
const REFUSAL_MS = 100;
const MOST_ATTEMPTS = 2 ** 32 - 1;

/** Headers that a dead letter carries besides its own. */
export const DEAD_LETTER_HEADERS = {
  /** The queue from which it comes. */
  queue: 'ringway-dead-letter-queue',
  /** A {@link DeadLetterReason}. */
  reason: 'ringway-dead-letter-reason',
  /** How often it was handed to a consumer, in decimal digits. */
  attempts: 'ringway-dead-letter-attempts',
  /** Its `delivery.id` there. */
  id: 'ringway-dead-letter-id',
} as const;

/**
 * Where messages go that a consumer does not keep (DESIGN Q10): as a copy onto a lane of this handle's own, or into the queue of the dead letters. The copy is published before the
 * original is acknowledged, so who is killed in between leaves both, and the one that comes again says so. Nothing here waits: where there is no room, the message stays where it is.
 */
export class Returns {
  readonly #context: ReturnsContext;
  #copies: Forwarder | undefined;
  #letters: Forwarder | undefined;
  #refusedUntil = 0;
  #lettersRefusedUntil = 0;

  constructor(context: ReturnsContext) {
    this.#context = context;
  }

  /** A message that was handed out so often goes to the dead letters. */
  get maxDeliveries(): number | undefined {
    return this.#context.maxDeliveries;
  }

  /**
   * Publishes a copy, to be handed out at `notBefore` (0: at once). False if there is no room for it, or no lane: then the original must be kept, which is as good, but for its
   * producer.
   */
  copy({ id, payload, metadata, attempts }: Returned, notBefore: number): boolean {
    if (this.#refusedUntil > performance.now()) return false;
    const carried = { ...metadata, epoch: undefined, attempts: Math.min(attempts, MOST_ATTEMPTS), origin: id };
    try {
      if (this.#copies === undefined || this.#copies.closed) this.#copies = this.#context.copies();
      return this.#copies.tryForward(payload, { ...carried, notBefore: notBefore > 0 ? notBefore : undefined });
    } catch (error) {
      // This message's own: it does not fit a frame with what is added.
      if (error instanceof RangeError) return false;
      if (!isRefusal(error)) throw error;
      this.#refusedUntil = performance.now() + REFUSAL_MS;
      return false;
    }
  }

  /** It is gone: nobody can read it. */
  drop(id: string, attempts: number, reason: DeadLetterReason): void {
    this.#context.told({ id, reason, attempts, queue: undefined });
  }

  /** Publishes it among the dead letters. False if there is no room; throws what opening them throws. */
  bury({ id, payload, metadata, attempts }: Returned, reason: DeadLetterReason): boolean {
    const { deadLetters, queue, told } = this.#context;
    if (deadLetters.name !== undefined) {
      if (this.#lettersRefusedUntil > performance.now()) return false;
      if (this.#letters === undefined || this.#letters.closed) this.#letters = this.#openLetters(deadLetters);
      const own = {
        [DEAD_LETTER_HEADERS.queue]: queue,
        [DEAD_LETTER_HEADERS.reason]: reason,
        [DEAD_LETTER_HEADERS.attempts]: String(attempts),
        [DEAD_LETTER_HEADERS.id]: id,
      };
      const carried = { time: metadata.time, headers: { ...metadata.headers, ...own } };
      try {
        if (!this.#letters.tryForward(payload, carried)) return false;
      } catch (error) {
        // Its own headers leave no room for ours in one frame.
        if (!(error instanceof RangeError)) throw error;
        if (!this.#letters.tryForward(payload, { time: metadata.time, headers: own })) return false;
      }
    }
    told({ id, reason, attempts, queue: deadLetters.name });
    return true;
  }

  #openLetters(deadLetters: DeadLetters): Forwarder {
    // Until it has come to an end: to join in vain is dear.
    this.#lettersRefusedUntil = performance.now() + REFUSAL_MS;
    const letters = deadLetters.forwarder();
    this.#lettersRefusedUntil = 0;
    return letters;
  }

  /** The last consumer of the handle has left: gives the lanes back. */
  close(): void {
    this.#copies?.close();
    this.#letters?.close();
    this.#copies = this.#letters = undefined;
  }
}

/** No lane, no room, no memory: what a copy is not worth waiting for. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string' && !isTruncation(error);
}
