import { RingwayError, type SegmentHandle } from '@ringway/memory';
import type { Doorbells } from '@ringway/sync';
import { BacklogAge } from './backlog-age.js';
import { checkedFrameBytes, frameBytes, frameTag, frameType, metadataBytes } from './frame.js';
import { currentHalfLaps, type Lane } from './lane.js';
import {
  FRAME_HEADER_BYTES,
  FRAME_LANE_PART,
  FRAME_TYPE,
  LANE_BYTES_FLOAT,
  LANE_HALF_LAPS,
  LANE_MESSAGES_FLOAT,
  LANE_OLDEST_FLOAT,
  LANE_POSITION,
  LANE_QUARANTINE,
  LANE_WAITS_FLOAT,
} from './layout.js';
import type { Room } from './rows.js';
import type { SpillReference, SpilledFrame } from './spill.js';

/**
 * The producer's side of a lane: writes frames with plain stores, and publishes them with one atomic store of the position (P1). Before that
 * store nobody can see them; so a producer that is killed leaves nothing half-visible, and nothing to repair.
 */
export class LaneWriter {
  readonly lane: Lane;
  /** Longest metadata and payload that fit a frame. */
  readonly maxLength: number;
  readonly #segment: SegmentHandle;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #doorbells: Doorbells;
  readonly #room: Room;
  /** Whether each message concerns every reader. */
  readonly #forAll: boolean;
  readonly #bytes: Uint8Array;
  readonly #frames: Int32Array;
  readonly #base: number;
  readonly #ring: number;
  /** Written up to here; ahead of the published position while a batch is open. */
  #position: number;
  #published: number;
  /** May be written up to here, as the room was when it was last looked at. */
  #limit: number;
  /** Messages: published by this writer, and written since. */
  #messages = 0;
  #unpublished = 0;
  #halfLaps: number;
  readonly #age = new BacklogAge();

  /** For the owner of an open lane: goes on at its published position. */
  constructor(lane: Lane, words: Int32Array, doorbells: Doorbells) {
    this.lane = lane;
    this.maxLength = lane.capacity / FRAME_LANE_PART - FRAME_HEADER_BYTES;
    this.#segment = lane.segment;
    this.#words = words;
    this.#floats = new Float64Array(words.buffer, 0, words.buffer.byteLength >> 3);
    this.#doorbells = doorbells;
    this.#room = lane.room();
    this.#forAll = lane.retained;
    this.#bytes = lane.bytes;
    this.#frames = lane.frames;
    this.#base = lane.base;
    this.#ring = lane.capacity - 1;
    this.#position = this.#published = this.#limit = lane.position;
    this.#halfLaps = currentHalfLaps(words[this.#base + LANE_HALF_LAPS], this.#published) | 0;
    Atomics.store(words, this.#base + LANE_HALF_LAPS, this.#halfLaps);
  }

  /** Position after the last frame that was written. */
  get position(): number {
    return this.#position;
  }

  /** Bytes written and not yet published. */
  get unpublishedBytes(): number {
    return (this.#position - this.#published) | 0;
  }

  /** Whether a reader took the lane out of use. */
  get quarantined(): boolean {
    return this.#words[this.#base + LANE_QUARANTINE] !== 0;
  }

  /** Whether a frame with `length` bytes of metadata and payload fits now; looks at the floor if the cached one says no. */
  fits(length: number): boolean {
    const end = (this.#position + frameBytes(length)) | 0;
    return ((this.#limit - end) | 0) >= 0 || this.#refresh(end);
  }

  /** The position that the floor must reach for such a frame. */
  floorFor(length: number): number {
    return (this.#position + frameBytes(length) - this.lane.capacity) | 0;
  }

  /** Published bytes below which nothing is needed any more, as far as known. */
  get floor(): number {
    return this.#room.floor;
  }

  /** Looks at the floor, whether there is room or not. */
  lookAtFloor(): void {
    // What a batch has gathered is not published for that.
    if (!this.#room.publishFirst || this.unpublishedBytes === 0) this.#refresh(this.#position);
  }

  /** Writes one frame. False if it does not fit. `metadata` has a multiple of 8 bytes. */
  write(type: number, metadata: Uint8Array | undefined, payload: Uint8Array): boolean {
    const extra = metadata === undefined ? 0 : metadata.length;
    const length = payload.length + extra;
    const end = (this.#position + frameBytes(length)) | 0;
    if (((this.#limit - end) | 0) < 0 && !this.#refresh(end)) return false;
    const start = this.#position & this.#ring;
    this.#frames[start >> 2] = length;
    this.#frames[(start >> 2) + 1] = extra === 0 ? type : frameTag(type, extra);
    if (metadata !== undefined) this.#bytes.set(metadata, start + FRAME_HEADER_BYTES);
    this.#bytes.set(payload, start + FRAME_HEADER_BYTES + extra);
    this.#position = end;
    if (type !== FRAME_TYPE.control) this.#unpublished++;
    return true;
  }

  /** Where a payload of `length` bytes may be written in place: an offset in the lane's bytes, or -1 if it does not fit. Then {@link LaneWriter.writeReserved}. */
  reserve(length: number): number {
    return this.fits(length) ? (this.#position & this.#ring) + FRAME_HEADER_BYTES : -1;
  }

  /** Makes the bytes at the reserved place a frame. */
  writeReserved(length: number): void {
    const start = this.#position & this.#ring;
    this.#frames[start >> 2] = length;
    this.#frames[(start >> 2) + 1] = FRAME_TYPE.message;
    this.#position = (this.#position + frameBytes(length)) | 0;
    this.#unpublished++;
  }

  /**
   * P1: makes everything written visible, by one store; then wakes a sleeper, if there is one (P4). The store comes first and the look at the
   * sleepers after, a parker sets its bit first, fences, and looks at the position after: one of the two sees the other. A plain store stays behind the
   * frame's (x86); the fence is what an atomic one would have cost each message.
   *
   * Throws `ERR_RINGWAY_SEGMENT_TRUNCATED`. Looked at between the frame's bytes and the position: what went to pages that nobody else sees is never published. It is
   * enough to look here: whatever a producer calls comes to this point, also where it finds no room.
   */
  publish(): void {
    this.#segment.assertIntact();
    const position = this.#position;
    if (position === this.#published) return;
    const words = this.#words;
    if (this.#doorbells.relaxed) words[this.#base + LANE_POSITION] = position;
    else Atomics.store(words, this.#base + LANE_POSITION, position);
    // After the position, so that who is killed in between leaves a count that is one behind, which can be told (currentHalfLaps).
    if ((position ^ this.#published) < 0) Atomics.store(words, this.#base + LANE_HALF_LAPS, ++this.#halfLaps);
    if (this.#forAll) this.#doorbells.ringSleepers();
    else this.#doorbells.ringOne();
    // For people; on a cache line that nobody else touches on the way of a message.
    const counters = this.#base >> 1;
    this.#floats[counters + LANE_MESSAGES_FLOAT] += this.#unpublished;
    this.#floats[counters + LANE_BYTES_FLOAT] += (position - this.#published) | 0;
    this.#messages += this.#unpublished;
    this.#unpublished = 0;
    this.#published = position;
  }

  /** For people, now and then: how old the backlog is. */
  noteAge(now: number): void {
    this.lookAtFloor();
    this.#floats[(this.#base >> 1) + LANE_OLDEST_FLOAT] = this.#age.note(this.#published, this.floor, now);
  }

  /** For people: the producer had to wait for room. */
  countWait(): void {
    this.#floats[(this.#base >> 1) + LANE_WAITS_FLOAT]++;
  }

  /** Frames up to here are overwritten, or about to be. */
  get overwritten(): number {
    return (this.#limit - this.lane.capacity) | 0;
  }

  /**
   * References to spilled messages that may still be read: for who takes a lane over. Read as the lane's owner, so nothing of it is overwritten meanwhile.
   */
  spillsInside(decode: (payload: Uint8Array) => SpillReference | undefined): SpilledFrame[] {
    const begin = this.#room.begin();
    if (begin === undefined) throw this.#contradiction();
    const found: SpilledFrame[] = [];
    let at = begin;
    while (at !== this.#published) {
      const start = at & this.#ring;
      const length = this.#frames[start >> 2];
      const tag = this.#frames[(start >> 2) + 1];
      const longest = this.lane.capacity / FRAME_LANE_PART;
      const bytes = checkedFrameBytes(length, tag, Math.min((this.#published - at) | 0, longest));
      // What stands behind it cannot be told apart; its consumer reports it.
      if (bytes === 0) break;
      at = (at + bytes) | 0;
      if (frameType(tag) !== FRAME_TYPE.spill) continue;
      const frame = start + FRAME_HEADER_BYTES;
      // What refers to nothing is for its consumer to report.
      const reference = decode(this.#bytes.slice(frame + metadataBytes(tag), frame + length));
      if (reference !== undefined) found.push({ end: at, sequence: reference.sequence, bytes: reference.length });
    }
    return found;
  }

  /** Looks for room again (P3). The published position is my own: nobody else moves it. */
  #refresh(end: number): boolean {
    if (this.#room.publishFirst) this.publish();
    const limit = this.#room.look(this.#published, end, this.#messages);
    if (limit === undefined) {
      const error = this.#contradiction();
      this.lane.quarantine();
      throw error;
    }
    this.#limit = limit;
    return ((limit - end) | 0) >= 0;
  }

  #contradiction(): RingwayError {
    // Zeros where an object was cut contradict the rest.
    this.#segment.inspect();
    return new RingwayError(
      'ERR_RINGWAY_CORRUPT_LANE',
      `lane ${this.lane.index}: claims point outside of it; a process that does not follow the protocol wrote there. ` +
        'What was published in this lane and not yet acknowledged is lost; the next send takes a new lane',
    );
  }
}
