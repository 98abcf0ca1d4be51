import type { Channel } from './channel.js';
import type { Claim } from './claim.js';
import { frameType, metadataBytes } from './frame.js';
import { FRAME_HEADER_BYTES, FRAME_TYPE } from './layout.js';
import { decodeMetadata, type Metadata } from './metadata.js';
import { readSpill } from './spill-reader.js';

/** Offset of a claimed frame's contents in its lane's bytes: metadata, then payload. */
export function contentsOffset(claim: Claim, number: number): number {
  return (claim.positions[number & claim.mask] & (claim.lane.capacity - 1)) + FRAME_HEADER_BYTES;
}

/** A private copy of a claimed frame's contents, before anything is decoded: the bytes may change under a decoder (P2). Throws `ERR_RINGWAY_SEGMENT_TRUNCATED`. */
export function copyContents(claim: Claim, number: number): Uint8Array {
  const start = contentsOffset(claim, number);
  const copy = claim.lane.bytes.slice(start, start + claim.lengths[number & claim.mask]);
  claim.lane.segment.assertIntact();
  return copy;
}

/** What a copy of a frame's contents carries besides the payload. Throws `ERR_RINGWAY_FORMAT`. */
export function metadataIn(copy: Uint8Array, tag: number): Metadata {
  return decodeMetadata(copy.subarray(0, metadataBytes(tag)));
}

/** The message in a copy of a frame's contents; one that was spilled is fetched. Throws `ERR_RINGWAY_CORRUPT_LANE`. */
export function payloadIn(channel: Channel, claim: Claim, copy: Uint8Array, tag: number): Uint8Array {
  const payload = copy.subarray(metadataBytes(tag));
  return frameType(tag) === FRAME_TYPE.spill ? readSpill(channel, claim.lane.index, payload) : payload;
}
