import type { Attachments } from '@ringway/memory';
import { SPILL_REFERENCE_BYTES } from './layout.js';

/** What a SPILL frame's payload says: the message is in an object of its own. */
export interface SpillReference {
  /** Bytes of the message. */
  readonly length: number;
  readonly creationId: string;
  readonly lane: number;
  readonly sequence: number;
}

/** A frame that refers to a spilled message. */
export interface SpilledFrame {
  /** Position after the frame. */
  readonly end: number;
  readonly sequence: number;
  /** Of the message. */
  readonly bytes: number;
}

/** The name of a spilled message, behind the segment's name and creation id. */
export function spillSuffix(lane: number, sequence: number): string {
  return `${lane}.${sequence}`;
}

/** Layout: u64 length, u64 creation id, u32 lane, u32 sequence; little-endian. */
export function encodeSpillReference(reference: SpillReference): Uint8Array {
  const bytes = Buffer.alloc(SPILL_REFERENCE_BYTES);
  bytes.writeBigUInt64LE(BigInt(reference.length), 0);
  bytes.writeBigUInt64LE(BigInt(`0x${reference.creationId}`), 8);
  bytes.writeUInt32LE(reference.lane, 16);
  bytes.writeUInt32LE(reference.sequence, 20);
  return bytes;
}

/**
 * Decodes a private copy of a SPILL frame's payload; undefined if it is none, or names another lane or segment than the one it stands in. No name travels in
 * the frame: it is derived, so that no peer can make a reader open something else.
 */
export function decodeSpillReference(
  payload: Uint8Array,
  creationId: string,
  lane: number,
  maxLength: number,
): SpillReference | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  if (bytes.length === SPILL_REFERENCE_BYTES) {
    const length = Number(bytes.readBigUInt64LE(0));
    const id = bytes.readBigUInt64LE(8).toString(16).padStart(16, '0');
    const found = { length, creationId: id, lane: bytes.readUInt32LE(16), sequence: bytes.readUInt32LE(20) };
    if (length <= maxLength && id === creationId && found.lane === lane) return found;
  }
  return undefined;
}

/** For the owner of a drained lane: removes whatever was spilled from it. */
export function removeSpills(attachments: Attachments, lane: number): void {
  for (const suffix of listSpills(attachments, lane)) removeSpill(attachments, suffix);
}

/**
 * Removing is housekeeping, and nothing depends on it: what cannot be removed just now (another user's object, a folder that is gone) is left to the next owner
 * of the lane, or to who unlinks the queue.
 */
function removeSpill(attachments: Attachments, suffix: string): void {
  try {
    attachments.remove(suffix);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

function listSpills(attachments: Attachments, lane: number): string[] {
  try {
    return attachments.list(`${lane}.`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return [];
  }
}

/**
 * The spilled messages of one lane, for its owner: makes them, and removes them when the floor has passed their frames. What an earlier owner of
 * the lane spilled is taken over with the lane.
 */
export class Spills {
  readonly #attachments: Attachments;
  readonly #creationId: string;
  readonly #lane: number;
  readonly #keep: number;
  /** In the order of their frames. */
  readonly #live: SpilledFrame[] = [];
  #sequence = 0;
  #bytes = 0;

  /** @param keep - bytes of messages that stay when the floor has passed them, and with them the last one, for readers who are not waited for */
  constructor(attachments: Attachments, creationId: string, lane: number, keep: number) {
    this.#attachments = attachments;
    this.#creationId = creationId;
    this.#lane = lane;
    this.#keep = keep;
  }

  /**
   * For who takes a lane: keeps the objects to which frames between floor and published position refer, removes the rest (their
   * producer died before he published, or before he removed them).
   */
  takeOver(referred: readonly SpilledFrame[]): void {
    const keep = new Set(referred.map(({ sequence }) => sequence));
    for (const frame of referred) this.#live.push(frame);
    this.#bytes = referred.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const suffix of listSpills(this.#attachments, this.#lane)) {
      const sequence = Number(suffix.slice(`${this.#lane}.`.length));
      if (!Number.isSafeInteger(sequence)) continue;
      if (keep.has(sequence)) this.#sequence = Math.max(this.#sequence, sequence + 1);
      else removeSpill(this.#attachments, suffix);
    }
  }

  /** Puts a message into an object of its own. Throws `ERR_RINGWAY_NO_SPACE`. The frame must be written next, see {@link Spills.framed}. */
  create(payload: Uint8Array): SpillReference {
    for (;;) {
      const sequence = this.#sequence;
      this.#sequence = (this.#sequence + 1) >>> 0;
      try {
        this.#attachments.create(spillSuffix(this.#lane, sequence), [payload]);
      } catch (error) {
        // Left by a stranger, or four billion spills ago: the next number will do.
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw error;
      }
      return { length: payload.length, creationId: this.#creationId, lane: this.#lane, sequence };
    }
  }

  /** The reference stands in the lane, up to position `end`. */
  framed(reference: SpillReference, end: number): void {
    this.#live.push({ end, sequence: reference.sequence, bytes: reference.length });
    this.#bytes += reference.length;
  }

  /** The frame could not be written after all. */
  discard(reference: SpillReference): void {
    removeSpill(this.#attachments, spillSuffix(reference.lane, reference.sequence));
  }

  /** Whether {@link Spills.release} has anything to do. */
  get any(): boolean {
    return this.#live.length > 0;
  }

  /**
   * Removes the objects whose frames lie below the floor, but for those that are kept.
   *
   * @param overwritten - frames up to here are gone
   */
  release(floor: number, overwritten: number): void {
    while (this.#live.length > 0) {
      const first = this.#live[0];
      if (((floor - first.end) | 0) < 0) return;
      const kept = this.#keep > 0 && (this.#live.length === 1 || this.#bytes <= this.#keep);
      if (kept && ((overwritten - first.end) | 0) < 0) return;
      removeSpill(this.#attachments, spillSuffix(this.#lane, first.sequence));
      this.#bytes -= first.bytes;
      this.#live.shift();
    }
  }
}
