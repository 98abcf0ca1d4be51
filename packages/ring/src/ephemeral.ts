import type { SegmentHandle } from '@ringway/memory';
import { GEOMETRY_FLAGS, CHANNEL_FLAG } from './layout.js';

/** Whether a segment's creator wanted it to go with its last participant. */
export function isEphemeral(segment: SegmentHandle): boolean {
  return (segment.header.geometry[GEOMETRY_FLAGS] & CHANNEL_FLAG.ephemeral) !== 0;
}

/**
 * Removes the name of a segment in which nobody takes part. Under the gate (`unlink-gate.pml`): whoever joins holds it from before his slot lock until he
 * has seen that the name is still there, so either he is seen here, or he sees that the name is gone.
 */
export function unlinkIfDeserted(segment: SegmentHandle, slotCount: number): boolean {
  return segment.unlink(() => isDeserted(segment, slotCount));
}

/** Whether no slot lock is held. */
export function isDeserted(segment: SegmentHandle, slotCount: number): boolean {
  const held = new Int32Array(Math.ceil(slotCount / 32));
  segment.lockedBits(0, slotCount, held);
  return held.every((bits) => bits === 0);
}
