import { closeSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type JournalKind = 'publisher' | 'subscriber';

/** What a record says. */
export const RECORD = {
  /** Publisher: messages up to this sequence are about to be sent. */
  intended: 1,
  /** Publisher: messages up to this sequence were sent. */
  sent: 2,
  /** Subscriber: is about to join; how, and with how much history. What follows is of this subscription, up to the next one. */
  joining: 3,
  /** Subscriber: has joined. */
  joined: 4,
  /** Subscriber: got this message of this publisher from this lane. */
  message: 5,
  /** Subscriber: was told that it missed so many in this lane. */
  gap: 6,
  /** Subscriber: got something from this lane that is no message. */
  torn: 7,
  /** Anybody: a lane was taken out of use. */
  corrupt: 8,
  /** Subscriber: has read everything. */
  done: 9,
} as const;

export interface JournalRecord {
  readonly kind: number;
  readonly first: number;
  readonly second: number;
  readonly third: number;
  /** Nanoseconds of the clock that all processes share. */
  readonly time: number;
}

const RECORD_BYTES = 24;

/** Nanoseconds of the clock that all processes share. */
export function now(): number {
  return Number(process.hrtime.bigint());
}

/** What a process has on record survives its SIGKILL: each entry is one appending write of a whole record. */
export class Journal {
  readonly #fd: number;
  readonly #record = Buffer.alloc(RECORD_BYTES);

  constructor(folder: string, kind: JournalKind, id: number) {
    this.#fd = openSync(join(folder, `${kind}-${id}`), 'a');
  }

  write(kind: number, first = 0, second = 0, third = 0): void {
    const record = this.#record;
    for (const [index, word] of [kind, first, second, third].entries()) record.writeUInt32LE(word, index * 4);
    record.writeDoubleLE(now(), 16);
    writeSync(this.#fd, record);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** All journals of a kind. */
export function readJournals(folder: string, kind: JournalKind): { id: number; records: JournalRecord[] }[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${kind}-`))
    .map((name) => ({ id: Number(name.slice(kind.length + 1)), records: recordsIn(readFileSync(join(folder, name))) }));
}

function recordsIn(bytes: Buffer): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    const [kind, first, second, third] = [0, 4, 8, 12].map((offset) => bytes.readUInt32LE(at + offset));
    records.push({ kind, first, second, third, time: bytes.readDoubleLE(at + 16) });
  }
  return records;
}
