import { RingwayError, type ErrorCode } from '@ringway/memory';
import type { Delivery } from './delivery.js';
import type { Message } from './message.js';

/** A message of a queue that cannot be decoded: `delivery.value` has its bytes. Acknowledge it to be rid of it; the consumer goes on. */
export class DecodeError extends RingwayError {
  /** The message as bytes. */
  readonly delivery: Delivery<Uint8Array>;

  /** @internal */
  constructor(codec: string, delivery: Delivery<Uint8Array>, cause: unknown) {
    const what = whatIsWrong(codec, delivery, cause);
    super(codeOf(cause), `${what}. error.delivery has its bytes; acknowledge it to be rid of it`, { cause });
    this.name = 'DecodeError';
    this.delivery = delivery;
  }
}

/** A message of a topic that cannot be decoded: `received.value` has its bytes. It was passed; the subscriber goes on. */
export class MessageDecodeError extends RingwayError {
  /** The message as bytes. */
  readonly received: Message<Uint8Array>;

  /** @internal */
  constructor(codec: string, received: Message<Uint8Array>, cause: unknown) {
    super(codeOf(cause), `${whatIsWrong(codec, received, cause)}. error.received has its bytes`, { cause });
    this.name = 'MessageDecodeError';
    this.received = received;
  }
}

function codeOf(cause: unknown): ErrorCode {
  const isSchema = cause instanceof RingwayError && cause.code === 'ERR_RINGWAY_SCHEMA';
  return isSchema ? 'ERR_RINGWAY_SCHEMA' : 'ERR_RINGWAY_DECODE';
}

function whatIsWrong(codec: string, { id, value }: { id: string; value: Uint8Array }, cause: unknown): string {
  const why = cause instanceof Error ? cause.message : String(cause);
  return `codec ${codec} cannot decode message ${id} of ${value.length} bytes: ${why}`;
}
