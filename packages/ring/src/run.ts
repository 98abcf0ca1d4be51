import { setMaxListeners } from 'node:events';
import { Pending } from '@ringway/sync';
import { DecodeError } from './decode-error.js';
import type { Delivery } from './delivery.js';
import type { Receiver } from './receiver.js';

/**
 * Handles one message in `run`; resolved means acknowledged. `signal` is aborted when the time for this message is over, and when the run ends before it does.
 */
export type RunHandler<T> = (value: T, delivery: Delivery<T>, signal: AbortSignal) => unknown;

/** Options of `run`. */
export interface RunOptions<T = unknown> {
  /** Handlers at a time. Default 1. */
  readonly concurrency?: number | undefined;
  /** Ends the run: waits for the handlers that are at work, then rejects with `AbortError`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds that a handler may take for one message. One that takes longer has failed with `ERR_RINGWAY_TIMEOUT`: its signal is aborted, and what becomes of it afterwards is
   * nobody's. Default: no limit.
   */
  readonly handlerTimeout?: number | undefined;
  /**
   * A handler has failed: instead of failing the run with it. Acknowledges, sends back or rejects the message; what it leaves is sent back, at once. What it throws fails the run.
   */
  readonly onError?: ((error: unknown, delivery: Delivery<T>) => unknown) | undefined;
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
  receiver: Receiver<Delivery<T>>,
  handler: RunHandler<T>,
  concurrency: number,
  options: RunOptions<T>,
): Promise<{ readonly error: unknown } | undefined> {
  const ended = new AbortController();
  const failed = new AbortController();
  const asked = options.signal === undefined ? [] : [options.signal];
  const receiving = AbortSignal.any([ended.signal, ...asked]);
  const working = AbortSignal.any([failed.signal, ...asked]);
  // One listener for each handler that waits, and they are taken off: not the leak that Node warns of.
  setMaxListeners(0, receiving, working);
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    failed.abort();
  };
  const worker = async (): Promise<void> => {
    for (;;) {
      let delivery: Delivery<T> | undefined;
      try {
        delivery = await receiveFor(receiver, receiving, options.onDecodeError);
      } catch (error) {
        // The end is told once, to whoever asks first; the others wait in vain.
        if (!ended.signal.aborted) fail(error);
        break;
      }
      if (delivery === undefined) break;
      try {
        await handle(handler, delivery, working, options);
      } catch (error) {
        fail(error);
        break;
      }
    }
    ended.abort();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return failure;
}

async function handle<T>(
  handler: RunHandler<T>,
  delivery: Delivery<T>,
  signal: AbortSignal,
  { handlerTimeout, onError }: RunOptions<T>,
): Promise<void> {
  try {
    if (handlerTimeout === undefined) await handler(delivery.value, delivery, signal);
    else await handleWithin(handlerTimeout, handler, delivery, signal);
    delivery.ack();
  } catch (error) {
    if (onError === undefined) throw error;
    await onError(error, delivery);
    delivery.nack();
  }
}

/** Rejects with `ERR_RINGWAY_TIMEOUT` when the handler takes longer. */
async function handleWithin<T>(
  timeoutMs: number,
  handler: RunHandler<T>,
  delivery: Delivery<T>,
  signal: AbortSignal,
): Promise<void> {
  const late = new AbortController();
  const pending = new Pending<void>({ timeout: timeoutMs }, 'the handler did not finish', () => {
    late.abort(pending.failure?.error);
  });
  try {
    // Its own failure, should it come later, is no news then: a settled wait takes nothing any more.
    void Promise.resolve(handler(delivery.value, delivery, AbortSignal.any([signal, late.signal]))).then(
      () => {
        pending.resolve();
      },
      (error: unknown) => {
        pending.reject(error);
      },
    );
  } catch (error) {
    pending.reject(error);
  }
  await pending.promise;
}

async function receiveFor<T>(
  receiver: Receiver<Delivery<T>>,
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
