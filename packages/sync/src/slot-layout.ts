import { PARTICIPANT_BYTES } from '@ringway/memory';

/**
 * Offsets of one entry of the participant table, in 32-bit words. An entry has 256 bytes, four cache lines:
 *
 *      byte    0       4           8     12     16               24              28        32
 *            +-------+-----------+-----+------+----------------+---------------+---------+
 *   line 0   | state | generation| pid | role | joined (f64)   | lost gener.   | (spare) |   written on joining and leaving
 *            +-------+-----------+-----+------+----------------+---------------+---------+
 *   line 1   | doorbell |                                                                    written by whoever rings
 *   line 2   | label, 48 bytes of UTF-8, zero-padded |                                       for people
 *   line 3   | (spare) |
 */
export const SLOT_BYTES: number = PARTICIPANT_BYTES;
export const SLOT_WORDS = SLOT_BYTES / 4;

/** One of {@link SLOT_STATE}. */
export const SLOT_STATE_WORD = 0;
/** Raised whenever a slot's owner is finished with, so that its old owner words are known to be dead. */
export const SLOT_GENERATION_WORD = 1;
/** For people; decides nothing. */
export const SLOT_PID_WORD = 2;
/** For people, and to tell producers from consumers. */
export const SLOT_ROLE_WORD = 3;
/** In 64-bit floats from the entry's start: milliseconds since the epoch. */
export const SLOT_JOINED_FLOAT = 2;
/** One more than the last generation that died instead of leaving: who looks late learns of the loss all the same. */
export const SLOT_LOST_WORD = 6;
/** The futex word on which the slot's owner parks. */
export const SLOT_DOORBELL_WORD = 16;
/** In bytes from the entry's start. */
export const SLOT_LABEL_BYTE = 128;
export const SLOT_LABEL_BYTES = 48;

export const SLOT_STATE = {
  /** Nobody's, nothing left behind. */
  free: 0,
  /** Somebody's, who holds the slot lock, unless he died and nobody has seen it yet. */
  live: 1,
  /** Its owner is proved dead; whoever holds the lock adopts what he left. */
  orphan: 2,
  /** Its owner left work behind on purpose (handover): adopted as an orphan is, but nobody was lost. */
  left: 3,
} as const;

/**
 * An owner word names (slot, generation) in one 32-bit word, so that it can be moved by one compare-and-swap:
 *
 *      31            12 11           0
 *     +----------------+--------------+
 *     |  generation    |  slot + 1    |      0 = nobody
 *     +----------------+--------------+
 */
export const OWNER_SLOT_BITS = 12;
export const OWNER_SLOT_MASK = (1 << OWNER_SLOT_BITS) - 1;
export const GENERATION_MASK = (1 << (32 - OWNER_SLOT_BITS)) - 1;
/** The owner word of nobody. */
export const NOBODY = 0;
/** Most slots that an owner word can name. */
export const MAX_SLOTS = OWNER_SLOT_MASK - 1;
