import { readJournal } from './journal.js';
import type { Totals } from './totals.js';

/** Somebody's death, as far as the audit needs it. */
export interface Moment {
  readonly role: 'producer' | 'consumer';
  readonly pid: number;
  /** Milliseconds of the host's clock. */
  readonly time: number;
  /** Of a producer: the number with which its successor went on. Undefined: nobody went on. */
  readonly successorAt?: number | undefined;
}

/** What the journal says of the four guarantees. */
export interface Audit extends Totals {
  /** Numbers that should be on record and are not. */
  readonly lost: number;
  /** Numbers on record that were never to be sent. */
  readonly invented: number;
  /** Records of a number that was on record already, without being marked as redelivered. */
  readonly duplicated: number;
  /** Records, redelivered ones apart, that a consumer made after one with a higher number. */
  readonly reordered: number;
  /** Messages that came marked as redelivered. */
  readonly redelivered: number;
  /**
   * For each death, milliseconds to the first message that shows that the work went on: after a consumer's, one that
   * was redelivered, or if there was none, the next; after a producer's, one that its successor sent. Undefined: there
   * was none any more.
   */
  readonly wentOnMs: readonly (number | undefined)[];
}

/**
 * Compares the journal with what should have been sent: numbers 0 to `expected` - 1, each once. `deaths` in the order
 * of time.
 */
export function audit(path: string, expected: number, deaths: readonly Moment[]): Audit {
  const seen = new Uint8Array(expected);
  const highest = new Map<number, number>();
  const resumed = deaths.map(() => undefined as number | undefined);
  const next = deaths.map(() => undefined as number | undefined);
  const found = { lines: 0, bytes: 0, words: 0, invented: 0, duplicated: 0, reordered: 0, redelivered: 0 };
  readJournal(path, ({ number, bytes, words, attempts, pid, time }) => {
    if (!Number.isInteger(number) || number < 0 || number >= expected) {
      found.invented++;
      return;
    }
    deaths.forEach((death, index) => {
      if (time < death.time || pid === death.pid) return;
      next[index] ??= time - death.time;
      const { role, successorAt = Infinity } = death;
      const shows = role === 'consumer' ? attempts > 1 : number >= successorAt;
      if (shows) resumed[index] ??= time - death.time;
    });
    if (attempts > 1) found.redelivered++;
    else {
      const last = highest.get(pid) ?? -1;
      if (number < last) found.reordered++;
      highest.set(pid, Math.max(last, number));
    }
    if (seen[number] === 0) {
      seen[number] = 1;
      found.lines++;
      found.bytes += bytes;
      found.words += words;
    } else if (attempts === 1) found.duplicated++;
  });
  return {
    ...found,
    lost: expected - found.lines,
    wentOnMs: deaths.map(({ role }, index) => resumed[index] ?? (role === 'consumer' ? next[index] : undefined)),
  };
}
