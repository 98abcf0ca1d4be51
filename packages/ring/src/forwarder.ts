import type { Metadata } from './metadata.js';

/** Sends messages that are encoded already, with what they carry. Its lane counts for no stream's end. */
export interface Forwarder {
  /** @internal False if there is no room. Throws what `trySend` throws. */
  tryForward(payload: Uint8Array, carried: Metadata): boolean;
  readonly closed: boolean;
  close(): void;
}

/** An open queue, for messages of another one. */
export interface ForwardTarget {
  readonly name: string;
  /** How its messages are encoded. */
  readonly codecName: string;
  /** Which object it is. */
  readonly creationId: string;
  /** Throws what `producer` throws. */
  forwarder(): Forwarder;
  close(): void;
}
