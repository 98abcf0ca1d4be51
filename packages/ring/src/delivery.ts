import { RingwayError } from '@ringway/memory';
import type { Claim } from './claim.js';
import type { Metadata } from './metadata.js';

/** What a delivery needs to know of its message; kept small, for there is one for each message in flight. */
export interface DeliverySource {
  readonly claim: Claim;
  readonly number: number;
  readonly metadata: Metadata;
  readonly attempts: number;
  readonly redelivered: boolean;
  /** Called after an acknowledgement that was the first for this message. */
  readonly acknowledge: (claim: Claim, number: number) => void;
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
    return `${this.#source.creationId}-${this.#source.claim.lane.index}-${this.#position}`;
  }

  /** Label of the producer's lane; empty if it has none. For people. */
  get producer(): string {
    return this.#source.claim.lane.label;
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
    this.#source.acknowledge(this.#source.claim, this.#source.number);
  }
}

/** A message that cannot be decoded: `delivery.value` has its bytes. Acknowledge it to be rid of it; the consumer goes on. */
export class DecodeError extends RingwayError {
  /** The message as bytes. */
  readonly delivery: Delivery<Uint8Array>;

  /** @internal */
  constructor(codec: string, delivery: Delivery<Uint8Array>, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      cause instanceof RingwayError && cause.code === 'ERR_RINGWAY_SCHEMA'
        ? 'ERR_RINGWAY_SCHEMA'
        : 'ERR_RINGWAY_DECODE',
      `codec ${codec} cannot decode message ${delivery.id} of ${delivery.value.length} bytes: ${why}. ` +
        'error.delivery has its bytes; acknowledge it to be rid of it',
      { cause },
    );
    this.name = 'DecodeError';
    this.delivery = delivery;
  }
}
