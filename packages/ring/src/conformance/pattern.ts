import type { IdleStrategy } from '@ringway/sync';

/** What a pattern promises its users, as far as the cases differ by it. */
export interface Promises {
  /**
   * `every`: each message is received, in the order in which its sender sent it. `latest`: of messages that come faster
   * than they are received only the last one is certain; the order holds.
   */
  readonly keeps: 'every' | 'latest';
  /** Whether a message goes to one of the receivers, or to all. */
  readonly reaches: 'one' | 'all';
  /** Whether a sender waits while those who should receive do not. */
  readonly backPressure: boolean;
  /** Whether several may send at a time. */
  readonly manySenders: boolean;
  /** What a receiver sees of that which was sent before it joined. */
  readonly lateJoin: 'everything' | 'latest' | 'nothing';
  /**
   * What becomes of messages that somebody received, and had not settled when it died. `redelivered`: another receiver
   * gets them, and is told so. `gone`: they were the dead one's own; the others have theirs.
   */
  readonly atDeath: 'redelivered' | 'gone';
}

/** A message in the hands of a receiver. */
export interface Received {
  /** The message: memory of its own, which nobody changes. */
  readonly bytes: Uint8Array;
  /** Whether it may have been received by somebody before. */
  readonly redelivered: boolean;
  /** It is done. Does nothing for patterns that need not be told. */
  settle(): void;
}

/** Who sends. */
export interface Sender {
  /** Sends a message; waits for room where the pattern has back pressure. */
  send(message: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** Sends a message unless it would have to wait: then false. */
  trySend(message: Uint8Array): boolean;
  /** Immediate, idempotent: waits reject with `ERR_RINGWAY_CLOSED`. */
  close(): void;
}

/** Who receives. */
export interface Receiver {
  /** The next message; waits for one. Undefined at the end of a stream, where there is one: garbage may look like it. */
  receive(options?: { readonly signal?: AbortSignal | undefined }): Promise<Received | undefined>;
  /** The next message, if there is one now. */
  tryReceive(): Received | undefined;
  /** Immediate, idempotent: waits reject with `ERR_RINGWAY_CLOSED`. */
  close(): void;
}

/** One opener's view of an object of the pattern. */
export interface Handle {
  /** Joins as a sender; takes part when this returns. */
  sender(idle: IdleStrategy): Sender;
  /** Joins as a receiver; takes part when this returns. */
  receiver(idle: IdleStrategy): Receiver;
  /** Immediate, idempotent: closes its senders and receivers, too. */
  close(): void;
}

/**
 * An implementation of a pattern, as the suite wants it. The module at `module` must export it under the name `pattern`:
 * workers and processes import it from there.
 */
export interface Pattern {
  /** What titles call it. */
  readonly name: string;
  /** URL of the module that exports this as `pattern`: `import.meta.url`. */
  readonly module: string;
  readonly promises: Promises;
  /**
   * Attaches to the segment of that name, or makes it: small, so that a few thousand messages of 256 bytes are more than
   * it holds, with room for four senders and four receivers.
   */
  open(name: string): Handle;
  /** One on the heap of this thread. Leave it out where the pattern has none: then there are no cells for it. */
  readonly local?: () => Handle;
  /** Removes the name, if it is there. */
  unlink(name: string): void;
}
