/**
 * Every offset and size of a blackboard's segment, and nothing else. `docs/format.md` says the same in words.
 *
 *      0        4096          4096 + 256 x P     ...                 ...
 *     +--------+-------------+------------------+-------------------+----------+
 *     | header | slot table  | entries, one for | buffers, four for | up to a  |
 *     | (page) | 256 each    | each key         | each key          | page     |
 *     +--------+-------------+------------------+-------------------+----------+
 *     |<------------------------ committed at creation ----------------------->|
 */
import { SLOT_BYTES, sleeperWords } from '@ringway/sync';

const PAGE = 4096;
const LINE = 64;
const WORD = 4;

/** `kind` in the segment header. */
export const KIND_BLACKBOARD = 3;

/** `role` of a slot: a handle that writes or waits. */
export const ROLE_BLACKBOARD = 4;

// ---- geometry: the words of the segment header's geometry that a blackboard uses --------------------------------------

export const GEOMETRY_BOARD_KEYS = 0;
export const GEOMETRY_BOARD_VALUE = 1;
export const GEOMETRY_BOARD_PARTICIPANTS = 2;
export const GEOMETRY_BOARD_MAX_VALUE = 3;
/** Bits, see {@link BOARD_FLAG}. */
export const GEOMETRY_BOARD_FLAGS = 4;
export const BOARD_FLAG = {
  /** The last participant that leaves removes the name. */
  ephemeral: 1,
} as const;

/** Where the slot table begins, in bytes. */
export const BOARD_SLOTS_BYTE = PAGE;

// ---- entries: one a key, whole cache lines ----------------------------------------------------------------------------
//
//   line 0    state | owner | key length | hash                               written once; the owner when a writer comes or goes
//   line 1    key, up to 64 bytes of UTF-8                                     written once
//   line 2    published | sleepers (see Doorbells), as many words as needed    the first by the writer, the others by who sleeps
//
// The writer looks at the sleepers right after it has published, so they share the line that it has just made its own.

/** One of {@link ENTRY_STATE}. */
export const ENTRY_STATE_WORD = 0;
/** Owner word (slot, generation) of the writer; 0 nobody. Moved by compare-and-swap from nobody, or from a past owner. */
export const ENTRY_OWNER = 1;
/** Bytes of the key. */
export const ENTRY_KEY_LENGTH = 2;
/** FNV-1a of the key, 32 bits. */
export const ENTRY_HASH = 3;
/** Bytes from the entry's start. */
export const ENTRY_KEY_BYTE = 64;
export const ENTRY_KEY_BYTES = 64;
/** The lower 32 bits of the version that is published: its last two bits name the buffer, which has the whole version. */
export const ENTRY_PUBLISHED = 32;
/** Sleepers words. */
export const ENTRY_SLEEPERS = 33;

export const ENTRY_STATE = {
  /** Nobody's, or half made by somebody who died. */
  free: 0,
  /** A key stands in it, for ever. */
  ready: 1,
} as const;

/** FNV-1a of 32 bits. */
export const HASH_START = 0x811c9dc5;
export const HASH_FACTOR = 0x01000193;

// ---- buffers: four a key, whole cache lines ---------------------------------------------------------------------------
//
//      0          4          8          12         16
//     +----------+----------+----------+----------+---------------------------+---------+
//     | halves   | low      | length   | kind     | value (or, of a spilled   | padding |
//     |          |          |          |          | one, which name it has)   | to 64   |
//     +----------+----------+----------+----------+---------------------------+---------+
//     |<- the stamp ------->|
//
//   The stamp is the version that stands in the buffer, or is being written into it: halves = version / 2^31, low = version modulo 2^32. The lowest bit of the one is
//   the highest of the other. Halves are stored first, so where they differ the halves are one ahead.

/** How many versions of 2^31 have gone by. */
export const VALUE_HALVES = 0;
/** The version modulo 2^32. */
export const VALUE_LOW = 1;
/** Bytes of the value, as the codec made it. */
export const VALUE_LENGTH = 2;
/** One of {@link VALUE_KIND}. */
export const VALUE_KIND_WORD = 3;
/** Of a spilled value: which of the names of its version it has. */
export const VALUE_WHICH = 4;
/** Bytes from the buffer's start. */
export const VALUE_BYTE = 16;

export const VALUE_KIND = {
  /** There is none: the key was never written, or its value was deleted. */
  none: 0,
  /** The value stands in the buffer. */
  inline: 1,
  /** The value is an object of its own. */
  spilled: 2,
} as const;

/** A power of two: a version's last bits name its buffer. */
export const BUFFERS = 4;
/** How many names a spilled value of one version may have. */
export const SPILL_NAMES = 36;
/** Bits of a version below its halves. */
export const HALF_BITS = 31;

// ---- limits -----------------------------------------------------------------------------------------------------------

/** Bytes of UTF-8 of a handle's label. */
export const BOARD_LABEL_BYTES = 48;
export const MAX_BOARD_KEYS = 65_536;
export const MAX_BOARD_PARTICIPANTS = 1024;
/** A value's unit of size in a buffer, and the least that a buffer has room for. */
export const VALUE_UNIT = 8;
export const MAX_VALUE_BYTES = 2 ** 26;
export const MAX_LARGE_VALUE_BYTES = 2 ** 32 - 1;
/** All of it is one mapping. */
export const MAX_BOARD_BYTES = 2 ** 31;

/** Where everything of a blackboard's segment lies, in bytes, from its geometry. */
export interface BoardLayout {
  readonly keys: number;
  readonly participants: number;
  readonly valueBytes: number;
  readonly entriesByte: number;
  readonly entryBytes: number;
  readonly buffersByte: number;
  /** Of one buffer, with what stands before the value. */
  readonly bufferBytes: number;
  readonly size: number;
}

function aligned(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}

/** The layout for a geometry that was checked. */
export function boardLayout(keys: number, valueBytes: number, participants: number): BoardLayout {
  const entriesByte = BOARD_SLOTS_BYTE + participants * SLOT_BYTES;
  const entryBytes = aligned((ENTRY_SLEEPERS + sleeperWords(participants)) * WORD, LINE);
  const buffersByte = entriesByte + keys * entryBytes;
  const bufferBytes = aligned(VALUE_BYTE + valueBytes, LINE);
  const size = aligned(buffersByte + keys * BUFFERS * bufferBytes, PAGE);
  return { keys, participants, valueBytes, entriesByte, entryBytes, buffersByte, bufferBytes, size };
}
