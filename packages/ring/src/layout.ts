/**
 * Every offset and size of a segment with lanes, a queue's or a topic's, and nothing else. `docs/format.md` says the same in words.
 *
 *      0        4096            5120         ...            ...           ...              ...
 *     +--------+---------------+------------+--------------+-------------+----------------+------------------+
 *     | header | channel words | slot table | lane headers | rows of     | anchors (of a  | lanes, one after |
 *     | (page) | 1 KiB         | 256 each   | 384 each     | readers, 64 | topic), 256    | the other        |
 *     +--------+---------------+------------+--------------+-------------+----------------+------------------+
 *     |<------------------------ control area, committed at creation ------------------->|<- when taken --->|
 */
import { SLOT_BYTES } from '@ringway/sync';

export const PAGE_BYTES = 4096;
const WORD_BYTES = 4;

/** `kind` in the segment header. */
export const KIND_QUEUE = 1;
export const KIND_TOPIC = 2;

// ---- geometry: the words of the segment header's geometry that are used; a topic's producers are its publishers, its consumers its subscribers ------

export const GEOMETRY_LANE_BYTES = 0;
export const GEOMETRY_MAX_PRODUCERS = 1;
export const GEOMETRY_MAX_CONSUMERS = 2;
export const GEOMETRY_MAX_MESSAGE = 3;
/** Bits, see {@link CHANNEL_FLAG}. */
export const GEOMETRY_FLAGS = 4;
export const CHANNEL_FLAG = {
  /** The last participant that leaves removes the name. */
  ephemeral: 1,
} as const;

// ---- channel words: shared by all participants ------------------------------------------------------------------------

export const CHANNEL_BYTE = PAGE_BYTES;
export const CHANNEL_BYTES = 1024;
/** Words, from {@link CHANNEL_BYTE}. One more than the highest consumer slot that ever joined: bounds the scan of claim rows. */
export const CHANNEL_CONSUMERS_HIGH = 0;
/** One more than the highest lane that was ever taken: bounds the scan of lanes. */
export const CHANNEL_LANES_HIGH = 1;
/** How many producers have ended their stream; consumers compare it with what they saw first. */
export const CHANNEL_ENDINGS = 2;
/** Not 0: some lane has had a priority, so consumers look at them. Never falls. */
export const CHANNEL_PRIORITIES = 3;
/** Not 0: somebody waits until everything is acknowledged. */
export const CHANNEL_DRAIN_WANTED = 16;
/** Futex word, moved when everything was acknowledged while somebody waited for it. */
export const CHANNEL_DRAIN_DOORBELL = 17;
/** Sleepers words (see Doorbells): on a cache line of their own, read at every publication, written when somebody parks. */
export const CHANNEL_SLEEPERS = 32;

export const SLOTS_BYTE = CHANNEL_BYTE + CHANNEL_BYTES;

// ---- lane header: six cache lines -------------------------------------------------------------------------------------
//
//   line 0  owner | state | quarantine | epoch | priority                      rarely written
//   line 1  position | half-laps | intent | intent half-laps | wanted          written by the lane's producer
//   line 2  lease | next                                                       written by consumers, under the lease
//   line 3  label, 48 bytes of UTF-8, zero-padded                              for people, and for adoption by label
//   line 4  messages | bytes | waits | oldest                                  written by the lane's producer, for people
//   line 5  (spare)
//
// The counters have a line (and its neighbour, which some processors fetch with it) of their own: written after each publication, they would take the
// position's line away from the readers again.

export const LANE_HEADER_BYTES = 384;
export const LANE_HEADER_WORDS = LANE_HEADER_BYTES / WORD_BYTES;
/** Owner word (slot, generation); 0 nobody. Moved by compare-and-swap from nobody, or from an owner that is proved dead. */
export const LANE_OWNER = 0;
/** One of {@link LANE_STATE}; written by the owner, or under the dead owner's slot lock. */
export const LANE_STATE_WORD = 1;
/** Not 0: a reader found bytes that no correct producer writes. The lane is out of use until it is reclaimed. */
export const LANE_QUARANTINE = 2;
/** Raised each time that the lane is taken: marks the first frame of each producer. */
export const LANE_EPOCH = 3;
/** Consumers look at lanes with a higher one first. 0 unless its producer chose one. */
export const LANE_PRIORITY = 4;
/** Published up to here, modulo 2^32. */
export const LANE_POSITION = 16;
/** How often the position has passed a multiple of 2^31. Stored after the position: where its lowest bit is not the position's highest, it lags by one. */
export const LANE_HALF_LAPS = 17;
/** How far the owner may have begun to overwrite, and its half-laps. Never falls in a topic; a queue's owner moves it only before it gives memory back. */
export const LANE_INTENT = 18;
export const LANE_INTENT_HALF_LAPS = 19;
/** The position that the floor must reach for the waiting producer, with bit 0 set; 0: nobody waits. */
export const LANE_WANTED = 20;
/** 64-bit floats from the lane header's start; single writer, for people. */
export const LANE_MESSAGES_FLOAT = 32;
export const LANE_BYTES_FLOAT = 33;
export const LANE_WAITS_FLOAT = 34;
/** When the oldest message that is not acknowledged had been published, CLOCK_MONOTONIC milliseconds, to a second; 0 none. */
export const LANE_OLDEST_FLOAT = 35;
/** Owner word of the consumer that may claim just now; 0 free. */
export const LANE_LEASE = 32;
/** Claimed up to here. */
export const LANE_NEXT = 33;
/** Bytes from the lane header's start. */
export const LANE_LABEL_BYTE = 192;
export const LANE_LABEL_BYTES = 48;

export const LANE_STATE = {
  /** Nobody's; its memory may be given back. */
  free: 0,
  /** A producer's (who may have died, and nobody has seen it yet). */
  open: 1,
  /** Its producer said that no more will come. Readable until drained. */
  ended: 2,
  /** Its producer is gone without an end. Readable until drained; adopted by a producer with the same label. */
  abandoned: 3,
} as const;

// ---- claim rows: one a lane and consumer slot, one cache line each, written by that consumer alone --------------------

export const ROW_BYTES = 64;
export const ROW_WORDS = ROW_BYTES / WORD_BYTES;
/** The claim is `[from, to)`; {@link IDLE} when there is none. */
export const ROW_FROM = 0;
export const ROW_TO = 1;
/** In how many lives messages of this claim were handed to the user: of its first holder, and of each adopter after him. */
export const ROW_LIVES = 2;
/** The furthest message that was handed to the user; {@link IDLE} for none. Written before it is. */
export const ROW_HANDED = 3;
/** 64-bit floats from the row's start: CLOCK_MONOTONIC milliseconds (coarse) of the last claim; messages acknowledged in all. */
export const ROW_CLAIMED_FLOAT = 2;
export const ROW_ACKED_FLOAT = 3;

// ---- cursor rows of a topic: in the place of claim rows. Written by that subscriber alone, but for the eviction, which only the lane's owner writes ----

/** What is below is not needed any more by this subscriber; {@link IDLE}: it gates nobody. */
export const CURSOR_POSITION = ROW_FROM;
/** Owner word of the subscriber whose row it is; written after the policy, and before the cursor. */
export const CURSOR_OWNER = 2;
/** One of {@link CURSOR_POLICY}; written before the owner. */
export const CURSOR_POLICY_WORD = 3;
/** How far it has read, for people. */
export const CURSOR_SEEN = 4;
/** Owner word of the subscriber that the lane's owner has evicted: from here its cursor counts no more. */
export const CURSOR_EVICTED = 5;

/** What happens to a subscriber that is a whole lane behind. */
export const CURSOR_POLICY = {
  /** Producers wait for it. */
  block: 1,
  /** It skips; its cursor is {@link IDLE}. */
  drop: 2,
  /** It is evicted. */
  disconnect: 3,
} as const;

// ---- anchors of a topic: places in a lane at which a frame begins whose number is known -------------------------------
//
//   entry   position | half-laps | messages before it, low | high            16 bytes; position is IDLE while it is written

/** The newest anchor is that with the highest position: entries are written in turn, at least {@link ANCHOR_LANE_PART} of a lane apart. */
export const ANCHORS_PER_LANE = 16;
export const ANCHOR_LANE_PART = ANCHORS_PER_LANE;
export const ANCHOR_BYTES = 16;
export const ANCHOR_WORDS = ANCHOR_BYTES / WORD_BYTES;
export const ANCHOR_POSITION = 0;
export const ANCHOR_HALF_LAPS = 1;
export const ANCHOR_NUMBER_LOW = 2;
export const ANCHOR_NUMBER_HIGH = 3;
const LANE_ANCHORS_BYTES = ANCHORS_PER_LANE * ANCHOR_BYTES;

/** No position: positions are multiples of 8. */
export const IDLE = 1;
/** The lease of nobody. */
export const LEASE_FREE = 0;

// ---- frames -----------------------------------------------------------------------------------------------------------
//
//      0             4      5       6              8
//     +-------------+------+-------+--------------+---------------------+---------------------+---------+
//     | length      | type | flags | metadata     | metadata            | payload             | padding |
//     | u32         | u8   | u8    | bytes, u16   | (multiple of 8)     |                     | to 8    |
//     +-------------+------+-------+--------------+---------------------+---------------------+---------+
//       length = metadata + payload

export const FRAME_HEADER_BYTES = 8;
export const FRAME_ALIGNMENT = 8;
export const FRAME_TYPE = {
  message: 1,
  /** The payload is a reference to an object of its own (see spill). */
  spill: 2,
  /** For the protocol itself; never delivered. */
  control: 3,
} as const;
/** Types from here on are skipped by readers that do not know them; unknown ones below are an error. */
export const FRAME_TYPE_OPTIONAL = 128;
export const FRAME_FLAG_META = 1;
/** A frame is at most this part of its lane. */
export const FRAME_LANE_PART = 4;

/** A spill reference: u64 length as two words, creation id as two words, lane, sequence. */
export const SPILL_REFERENCE_BYTES = 24;

// ---- limits -----------------------------------------------------------------------------------------------------------

export const MIN_LANE_BYTES = PAGE_BYTES;
export const MAX_LANE_BYTES = 2 ** 30;
export const MAX_PARTICIPANTS = 1024;

/** Where everything of a segment with lanes lies, in bytes, from its kind and geometry. */
export interface ChannelLayout {
  readonly laneBytes: number;
  readonly lanes: number;
  readonly consumers: number;
  readonly slotCount: number;
  readonly lanesByte: number;
  readonly rowsByte: number;
  readonly anchorsByte: number;
  readonly controlBytes: number;
  readonly size: number;
}

/** The layout for a geometry that was checked. Producers' slots follow the consumers'. */
export function channelLayout(
  kind: number,
  laneBytes: number,
  maxProducers: number,
  maxConsumers: number,
): ChannelLayout {
  const slotCount = maxConsumers + maxProducers;
  const lanesByte = SLOTS_BYTE + slotCount * SLOT_BYTES;
  const rowsByte = lanesByte + maxProducers * LANE_HEADER_BYTES;
  const anchorsByte = rowsByte + maxProducers * maxConsumers * ROW_BYTES;
  const end = anchorsByte + (kind === KIND_TOPIC ? maxProducers * LANE_ANCHORS_BYTES : 0);
  const controlBytes = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
  return {
    laneBytes,
    lanes: maxProducers,
    consumers: maxConsumers,
    slotCount,
    lanesByte,
    rowsByte,
    anchorsByte,
    controlBytes,
    size: controlBytes + maxProducers * laneBytes,
  };
}
