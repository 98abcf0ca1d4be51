import type { IdleStrategy } from '@ringway/sync';
import type { Seen } from './message.js';

/** An error as it is told across a border. */
export interface Failure {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  /** Message of its cause; empty if it has none. */
  readonly cause: string;
}

/** How a wait ended: with a failure, with a message, or, of a send and at the end of a stream, with neither. */
export interface Ended {
  readonly failure?: Failure;
  readonly seen?: Seen;
}

/** How somebody fared among garbage. */
export interface Fared {
  /** Calls that sent or received something. */
  readonly succeeded: number;
  /** Calls that failed with an error of the library. */
  readonly refused: number;
  /** What else was thrown, with its stack: a fault. */
  readonly faults: readonly string[];
}

/** What a participant can be told to do, and what it needs for that. `who` names a sender or receiver that it has. */
export interface Orders {
  open: { readonly name: string };
  /** Closes what it has opened. */
  close: object;
  sender: { readonly who: string; readonly idle: IdleStrategy };
  receiver: { readonly who: string; readonly idle: IdleStrategy };
  /** Closes one sender or receiver. */
  leave: { readonly who: string };
  /** Sends messages `first` to `first + count - 1`, one after the other. */
  send: { readonly who: string; readonly first: number; readonly count: number };
  /** Sends until one is refused, or `most` were sent. Answers how many. */
  fill: { readonly who: string; readonly first: number; readonly most: number };
  /** Sends until it dies. Answers at once. */
  flood: { readonly who: string };
  /** Receives so many. */
  receive: { readonly who: string; readonly count: number; readonly settle: boolean };
  /** Receives until these have come. */
  'receive until': { readonly who: string; readonly lasts: readonly number[] };
  /** Receives what is there. */
  take: { readonly who: string };
  /** Begins to send or receive, and answers when the call was made. */
  begin: { readonly who: string; readonly what: 'send' | 'receive'; readonly number?: number; readonly aborted?: true };
  /** Aborts what was begun. */
  abort: { readonly who: string };
  /** Whether what was begun still waits, after some turns of the event loop. */
  waits: { readonly who: string };
  /** How what was begun ended. */
  ended: { readonly who: string };
  /** Calls `trySend` or `tryReceive` once. Answers how it failed, if it did. */
  attempt: { readonly who: string };
  /** Sends and receives so many times, whatever it is told. */
  use: { readonly sender: string; readonly receiver: string; readonly rounds: number };
  /** Overwrites random ranges of the object of this name, so many, as somebody who only knows its path. Answers how many bytes. */
  scribble: { readonly name: string; readonly seed: number; readonly writes: number };
}

/** What is answered. */
export interface Answers {
  open: undefined;
  close: undefined;
  sender: undefined;
  receiver: undefined;
  leave: undefined;
  send: undefined;
  fill: number;
  flood: undefined;
  receive: readonly Seen[];
  'receive until': readonly Seen[];
  take: readonly Seen[];
  begin: undefined;
  abort: undefined;
  waits: boolean;
  ended: Ended;
  attempt: Failure | undefined;
  use: Fared;
  scribble: number;
}

/** Tells an error across a border. */
export function failureOf(error: unknown): Failure {
  const { name, code, message, cause } = Object(error) as Partial<Error> & { readonly code?: unknown };
  return {
    name: String(name),
    code: typeof code === 'string' ? code : '',
    message: message ?? String(error),
    cause: cause instanceof Error ? cause.message : '',
  };
}
