import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { hostMilliseconds } from './clock.js';

//   0        8        16      20      24         28
//  +--------+--------+-------+-------+----------+-----+
//  | number | time   | bytes | words | attempts | pid |
//  | f64    | f64 ms | u32   | u32   | u32      | u32 |
//  +--------+--------+-------+-------+----------+-----+
//
// A record never crosses a page of the file: a process that is killed while it appends several leaves whole records.
const RECORD_BYTES = 32;
const TIME = 8;
const BYTES = 16;
const WORDS = 20;
const ATTEMPTS = 24;
const PID = 28;
/** Records that are read at a time. */
const RECORDS_A_READ = 4096;

/** What a consumer did with one message. */
export interface Entry {
  /** The message's number, from 0. */
  readonly number: number;
  /** Bytes and words that were counted in it. */
  readonly bytes: number;
  readonly words: number;
  /** How often it was delivered, this time included. */
  readonly attempts: number;
}

/** An {@link Entry} on record. */
export interface JournalRecord extends Entry {
  /** When it was noted, in milliseconds of the host's clock. */
  readonly time: number;
  readonly pid: number;
}

/**
 * Where all consumers say what they have done *before* they acknowledge it: one appending write a batch, which survives
 * the writer's SIGKILL. So whatever is acknowledged is on record; what is on record twice was delivered twice.
 */
export class JournalWriter {
  readonly #file: number;
  readonly #pending: Buffer;
  #used = 0;

  /** @param most - entries of a batch */
  constructor(path: string, most: number) {
    this.#file = openSync(path, 'a');
    this.#pending = Buffer.alloc(most * RECORD_BYTES);
  }

  /** Adds to the batch. */
  note(entry: Entry): void {
    const at = this.#used;
    this.#pending.writeDoubleLE(entry.number, at);
    this.#pending.writeDoubleLE(hostMilliseconds(), at + TIME);
    this.#pending.writeUInt32LE(entry.bytes, at + BYTES);
    this.#pending.writeUInt32LE(entry.words, at + WORDS);
    this.#pending.writeUInt32LE(entry.attempts, at + ATTEMPTS);
    this.#pending.writeUInt32LE(process.pid, at + PID);
    this.#used = at + RECORD_BYTES;
  }

  /** Writes the batch. Throws if it is not on record as a whole: then nothing of it may be acknowledged. */
  commit(): void {
    const written = writeSync(this.#file, this.#pending, 0, this.#used);
    if (written !== this.#used)
      throw new Error(`the journal took ${written} of ${this.#used} bytes: is the device full?`);
    this.#used = 0;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** How many entries are in a journal of this size. */
export function journalEntries(fileBytes: number): number {
  return Math.floor(fileBytes / RECORD_BYTES);
}

/** Calls `visit` for each record, in the order in which they were written. */
export function readJournal(path: string, visit: (record: JournalRecord) => void): void {
  const chunk = Buffer.alloc(RECORDS_A_READ * RECORD_BYTES);
  const file = openSync(path, 'r');
  try {
    for (let position = 0; ;) {
      const read = readSync(file, chunk, 0, chunk.length, position);
      const whole = read - (read % RECORD_BYTES);
      if (whole === 0) return;
      for (let at = 0; at < whole; at += RECORD_BYTES) visit(recordAt(chunk, at));
      position += whole;
    }
  } finally {
    closeSync(file);
  }
}

/** One more than the highest number on record; 0 for an empty journal. */
export function nextNumber(path: string): number {
  let next = 0;
  readJournal(path, ({ number }) => {
    next = Math.max(next, number + 1);
  });
  return next;
}

function recordAt(chunk: Buffer, at: number): JournalRecord {
  return {
    number: chunk.readDoubleLE(at),
    time: chunk.readDoubleLE(at + TIME),
    bytes: chunk.readUInt32LE(at + BYTES),
    words: chunk.readUInt32LE(at + WORDS),
    attempts: chunk.readUInt32LE(at + ATTEMPTS),
    pid: chunk.readUInt32LE(at + PID),
  };
}
