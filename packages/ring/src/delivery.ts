import type { Claim } from './claim.js';
import { LONGEST_DELAY_MS } from './deferrals.js';
import { messageId, type Handed } from './intake.js';
import type { Metadata } from './metadata.js';

/** What a delivery tells what came of its message. */
export interface Keeper {
  acknowledge(claim: Claim, number: number): void;
  giveBack(handed: Handed, delayMs: number): void;
  reject(handed: Handed): void;
}

/** How a message is sent back. */
export interface NackOptions {
  /** Milliseconds from now before which nobody is given it, at most 2^31 - 1 (24 days). Default 0. */
  readonly delayMs?: number | undefined;
}

/** What a delivery needs to know of its message; kept small, for there is one for each message in flight. */
export interface DeliverySource {
  readonly claim: Claim;
  readonly number: number;
  readonly metadata: Metadata;
  readonly attempts: number;
  readonly redelivered: boolean;
  readonly keeper: Keeper;
  readonly creationId: string;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** One message in the hands of one consumer. It occupies its producer's lane until it is acknowledged. */
export class Delivery<T> {
  /** The message. */
  readonly value: T;
  /** How often it was handed to a consumer, this time included: above 1, an earlier one may have handled it, and died, closed or sent it back before it was acknowledged. */
  readonly attempts: number;
  readonly #source: DeliverySource;
  readonly #position: number;
  /** It was sent back or rejected: what comes of it is not this one's to say any more. */
  #settled = false;

  /** @internal */
  constructor(value: T, source: DeliverySource) {
    const { claim, number } = source;
    this.value = value;
    this.attempts = source.attempts;
    this.#source = source;
    this.#position = claim.lane.longPositionOf(claim.positions[number & claim.mask]);
  }

  /**
   * Whether another consumer had claimed it before: it may come later than what its producer sent after it. Handle it as something that may have been done, unless `attempts` is 1:
   * then it was claimed and never handed out.
   */
  get redelivered(): boolean {
    return this.#source.redelivered;
  }

  /** Unique in the life of the queue, the same at each delivery of the message: `<creation id>-<lane>-<position>`. */
  get id(): string {
    const { metadata, creationId, claim } = this.#source;
    return metadata.origin ?? messageId(creationId, claim.lane, this.#position);
  }

  /** Label of the producer's lane; empty if it has none. For people. */
  get producer(): string {
    return this.#source.claim.lane.label;
  }

  /** What its producer said that it is about; undefined if nothing. */
  get key(): string | undefined {
    return this.#source.metadata.key;
  }

  /** The user's headers; empty if there are none. */
  get headers(): Readonly<Record<string, string>> {
    return this.#source.metadata.headers ?? NO_HEADERS;
  }

  /** When it was published, in milliseconds of the monotonic clock (`process.hrtime()`); undefined unless its producer stamps messages. */
  get time(): number | undefined {
    return this.#source.metadata.time;
  }

  /** The message is done: its space may be used again once all before it are done, too. Idempotent; does nothing after the consumer was closed. */
  ack(): void {
    if (!this.#settled) this.#source.keeper.acknowledge(this.#source.claim, this.#source.number);
  }

  /**
   * The message could not be handled, and is to be tried again, by this or another consumer: not before `delayMs`, and behind what was sent meanwhile. After `maxDeliveries` it goes to the
   * dead letters instead. Does nothing after `ack`, `reject`, or when the consumer was closed.
   *
   * A copy is published in a lane of this process's own, with the same `id`, and then this one is acknowledged. While there is no room for a copy, or no lane (`maxProducers`), the message
   * stays where it is, in its producer's lane, and comes again to this consumer; then a delay holds that producer's room.
   */
  nack({ delayMs = 0 }: NackOptions = {}): void {
    if (!(typeof delayMs === 'number' && delayMs >= 0 && delayMs <= LONGEST_DELAY_MS)) {
      throw new RangeError(
        `delayMs must be a number of milliseconds from 0 to ${LONGEST_DELAY_MS}, not ${String(delayMs)}`,
      );
    }
    this.#giveUp((handed) => {
      this.#source.keeper.giveBack(handed, delayMs);
    });
  }

  /**
   * The message can never be handled: it goes to the dead letters, and is gone if the queue has none. Does nothing after `ack`, `nack`, or when the consumer was closed. While the dead letters
   * have no room, or are not to be had (the queue emits `dead-letter-failed`), it stays where it is, and is offered to them again and again.
   */
  reject(): void {
    this.#giveUp((handed) => {
      this.#source.keeper.reject(handed);
    });
  }

  #giveUp(settle: (handed: Handed) => void): void {
    const { claim, number } = this.#source;
    if (this.#settled || !claim.isOutstanding(number)) return;
    this.#settled = true;
    settle({ claim, number, id: this.id, attempts: this.attempts });
  }
}
