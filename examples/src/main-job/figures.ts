import type { Totals } from './totals.js';

/** One system's row of the speed phase. */
export interface SpeedFigures {
  readonly system: 'ringway' | 'unix-socket' | 'child-process';
  readonly messages: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly bytesPerSecond: number;
  readonly messagesPerSecond: number;
  /** Ringway's bytes per second divided by this system's. */
  readonly ringwayIsFaster: number;
}

/** One death. */
export interface DeathFigures {
  readonly role: 'producer' | 'consumer';
  readonly name: string;
  readonly pid: number;
  readonly signal: string;
  /** Whether the job itself killed it. */
  readonly planned: boolean;
  /** Of a planned one: a consumer held this message, written and not acknowledged; a producer had sent this many. */
  readonly atMessage: number | null;
  /** Milliseconds to the first message that shows that the work went on; null if there was none. */
  readonly wentOnMs: number | null;
}

/** What a transfer through one queue came to. */
export interface TransferFigures {
  readonly messages: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly bytesPerSecond: number;
  readonly messagesPerSecond: number;
  readonly consumers: number;
  /** Every process id that took part. */
  readonly pids: { readonly producers: readonly number[]; readonly consumers: readonly number[] };
  readonly deaths: readonly DeathFigures[];
  readonly redelivered: number;
  readonly lost: number;
  readonly invented: number;
  readonly duplicated: number;
  readonly reordered: number;
}

/** Digests in hexadecimal. */
export interface HashFigures {
  readonly input: string;
  readonly output: string;
  readonly match: boolean;
}

/** Totals of a text. */
export interface CountFigures {
  readonly file: Totals;
  readonly consumers: Totals;
  readonly match: boolean;
}

/** The line that `--json` prints last. Parts that the job did not do are missing. */
export interface JobFigures {
  readonly ok: boolean;
  readonly file: string;
  readonly bytes: number;
  readonly seed: number;
  readonly messageBytes: number | null;
  readonly speed?: readonly SpeedFigures[];
  readonly transfer: TransferFigures;
  readonly sha256?: HashFigures;
  readonly totals?: CountFigures;
}
