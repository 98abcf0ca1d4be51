import { setMaxListeners } from 'node:events';
import { DecodeError, type Delivery } from './delivery.js';
import type { Receiver } from './receiver.js';

/** Handles one message in `run`; resolved means acknowledged. */
export type RunHandler<T> = (value: T, delivery: Delivery<T>) => unknown;

/** Options of `run`. */
export interface RunOptions {
  /** Handlers at a time. Default 1. */
  readonly concurrency?: number | undefined;
  /** Ends the run: waits for the handlers that are at work, then rejects with `AbortError`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What cannot be decoded, instead of failing the run with it. It stays unacknowledged unless this acknowledges it.
   */
  readonly onDecodeError?: ((error: DecodeError) => void) | undefined;
}

/**
 * Calls a handler for each message, `concurrency` at a time, until the stream ends or something fails. Resolves when
 * the last handler is through: with what failed first, or undefined.
 */
export async function runHandlers<T>(
  receiver: Receiver<T>,
  handler: RunHandler<T>,
  concurrency: number,
  options: RunOptions,
): Promise<{ readonly error: unknown } | undefined> {
  const failed = new AbortController();
  const signal = options.signal === undefined ? failed.signal : AbortSignal.any([failed.signal, options.signal]);
  // One listener for each handler that waits, and they are taken off: not the leak that Node warns of.
  setMaxListeners(0, signal);
  let failure: { readonly error: unknown } | undefined;
  let over = false;
  const worker = async (): Promise<void> => {
    try {
      for (;;) {
        const delivery = await receiveFor(receiver, signal, options.onDecodeError);
        if (delivery === undefined) break;
        await handler(delivery.value, delivery);
        delivery.ack();
      }
      // The end is told once, to whoever asks first; the others wait in vain.
      over = true;
    } catch (error) {
      if (!over) failure ??= { error };
    }
    failed.abort();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return failure;
}

async function receiveFor<T>(
  receiver: Receiver<T>,
  signal: AbortSignal,
  onDecodeError: ((error: DecodeError) => void) | undefined,
): Promise<Delivery<T> | undefined> {
  for (;;) {
    try {
      return await receiver.receive({ signal });
    } catch (error) {
      if (!(error instanceof DecodeError) || onDecodeError === undefined) throw error;
      onDecodeError(error);
    }
  }
}
