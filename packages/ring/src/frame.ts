import { FRAME_ALIGNMENT, FRAME_FLAG_META, FRAME_HEADER_BYTES, FRAME_TYPE, FRAME_TYPE_OPTIONAL } from './layout.js';

const PAD = FRAME_HEADER_BYTES + FRAME_ALIGNMENT - 1;

/** Bytes that a frame with `length` bytes of metadata and payload takes in a lane. */
export function frameBytes(length: number): number {
  return (length + PAD) & -FRAME_ALIGNMENT;
}

/** The second header word. */
export function frameTag(type: number, metadataBytes: number): number {
  return type | (metadataBytes === 0 ? 0 : (FRAME_FLAG_META << 8) | (metadataBytes << 16));
}

/** A frame's type, from its second header word. */
export function frameType(tag: number): number {
  return tag & 0xff;
}

/** Bytes of metadata before the payload, from the second header word. */
export function metadataBytes(tag: number): number {
  return tag >>> 16;
}

/** Whether readers pass over this type without delivering it. */
export function isSkipped(type: number): boolean {
  return type === FRAME_TYPE.control || type >= FRAME_TYPE_OPTIONAL;
}

/**
 * Bytes that the frame with these header words takes, or 0 if no correct producer wrote them (P2: both words were copied
 * once out of shared memory, and are judged as hostile).
 *
 * @param length - first header word
 * @param tag - second header word
 * @param available - bytes from the frame's start to the published position
 */
export function checkedFrameBytes(length: number, tag: number, available: number): number {
  if (length < 0 || length > available - FRAME_HEADER_BYTES) return 0;
  const bytes = (length + PAD) & -FRAME_ALIGNMENT;
  if (bytes > available) return 0;
  const type = tag & 0xff;
  if (type === 0 || (type > FRAME_TYPE.control && type < FRAME_TYPE_OPTIONAL)) return 0;
  // Without metadata the upper three bytes are zero: the common case is one comparison.
  if (tag === type) return bytes;
  const metadata = tag >>> 16;
  const wellFormed = ((tag >>> 8) & 0xff) === FRAME_FLAG_META && metadata !== 0;
  return wellFormed && metadata % FRAME_ALIGNMENT === 0 && metadata <= length ? bytes : 0;
}
