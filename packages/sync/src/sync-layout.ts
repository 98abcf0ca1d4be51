/**
 * Every offset and size of the segment of a lock, a semaphore, a condition or a barrier, and of its record, and nothing else.
 *
 *      0        4096                    4096 + 256 x P, rounded up to a page
 *     +--------+------------------------+----------------------------------+
 *     | header | participant table (P)  | body: the record                 |
 *     | (page) | 256 each               | (or the bytes of the user)       |
 *     +--------+------------------------+----------------------------------+
 *
 * A record, in lines of 64 bytes. Words of 32 bits, from the record's start:
 *
 *      line 0   type | size | parameter 1 | parameter 2                  written once
 *      line 1   state | heir | damaged | inside | high | ticket          see each primitive
 *      line 2   sleepers (readers, of a read-write lock)                 as Doorbells has them
 *      line n   sleepers that want to write (of a read-write lock)
 *      then     rows, 16 bytes for each participant: owner | a | b | c   written by their participant, unless a primitive says otherwise
 */
import { sleeperWords } from './doorbell.js';
import { SLOT_BYTES } from './slot-layout.js';

export const PAGE_BYTES = 4096;
const LINE_BYTES = 64;
const WORD_BYTES = 4;

/** `kind` in the segment header, and `type` in a record. */
export const SYNC_KIND = {
  mutex: 17,
  semaphore: 18,
  rwLock: 19,
  condition: 20,
  barrier: 21,
} as const;

/** In the words of the segment header's geometry: participants at most. */
export const GEOMETRY_PARTICIPANTS = 0;
/** Participants at most, where nothing else is said. */
export const DEFAULT_PARTICIPANTS = 64;
export const MAX_PARTICIPANTS = 1024;

// ---- words of a record -------------------------------------------------------------------------------------------------

/** One of {@link SYNC_KIND}; 0 where nobody has placed a record yet. Stored last. */
export const RECORD_TYPE = 0;
/** Bytes of the whole record: follows from type and participants, and proves that both agree. */
export const RECORD_SIZE = 1;
/** What the creator chose: permits of a semaphore, parties of a barrier. */
export const RECORD_FIRST = 2;
/** Semaphore: 1 if it is owned. */
export const RECORD_SECOND = 3;

/** Mutex and read-write lock: owner word of who has it (or is about to write). Semaphore: permits, or owner of the inner lock. Barrier: phase and bit. */
export const RECORD_STATE = 16;
/** Owner word of one who has waited for long: nobody else takes what he waits for, see Heir. */
export const RECORD_HEIR = 17;
/** Not 0: somebody died in the middle of changing what this protects, and nobody has said that it is repaired. */
export const RECORD_DAMAGED = 18;
/** Read-write lock: owner word of who writes, as against waits for the readers to leave. */
export const RECORD_INSIDE = 19;
/** One more than the highest row that was ever used: bounds the scans. */
export const RECORD_HIGH = 20;
/** Condition: the next waiter's number. */
export const RECORD_TICKET = 21;
/** Read-write lock: heir among those who want to read. */
export const RECORD_READING_HEIR = 22;
/** Barrier: how often it was reset, or was about to be. */
export const RECORD_RESETS = 23;

/** Barrier: for each of the last phases, one more than its number if it was broken. */
export const RECORD_BROKEN = 24;
export const BROKEN_PHASES = 8;

const SLEEPERS_BYTE = 2 * LINE_BYTES;

// ---- words of a row ----------------------------------------------------------------------------------------------------

export const ROW_WORDS = 4;
/** Owner word of the participant whose row it is; another generation's row is void. */
export const ROW_OWNER = 0;
/** Owned semaphore: permits held. Read-write lock: 1 while it reads. Condition: who waits and who was signalled, see there. */
export const ROW_FIRST = 1;
/** Condition: number of the first waiter. */
export const ROW_SECOND = 2;

/** Where the parts of a record lie, in bytes from its start. */
export interface RecordLayout {
  readonly sleepers: number;
  readonly writers: number;
  readonly rows: number;
  readonly bytes: number;
}

function aligned(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}

/** The layout of a record among so many participants: the same for all types, so that nobody has to know more than the number. */
export function recordLayout(participants: number): RecordLayout {
  const sleepers = aligned(sleeperWords(participants) * WORD_BYTES, LINE_BYTES);
  const writers = SLEEPERS_BYTE + sleepers;
  const rows = writers + sleepers;
  return {
    sleepers: SLEEPERS_BYTE,
    writers,
    rows,
    bytes: aligned(rows + participants * ROW_WORDS * WORD_BYTES, LINE_BYTES),
  };
}

/** Bytes that a lock, semaphore, condition or barrier takes in a segment with so many participants: any of them, a multiple of 64. Default 64 participants. */
export function recordBytes(participants: number = DEFAULT_PARTICIPANTS): number {
  return recordLayout(participants).bytes;
}

/** Where the participant table begins. */
export const TABLE_BYTE = PAGE_BYTES;

/** Where the body begins, behind the table. */
export function bodyByte(participants: number): number {
  return aligned(TABLE_BYTE + participants * SLOT_BYTES, PAGE_BYTES);
}

/** Size of a segment whose body has so many bytes. */
export function segmentSize(participants: number, bodyBytes: number): number {
  return aligned(bodyByte(participants) + bodyBytes, PAGE_BYTES);
}
