import { RingwayError } from '@ringway/memory';
import type { Channel } from './channel.js';
import { decodeSpillReference, spillSuffix, type SpillReference } from './spill.js';

/**
 * The message that a SPILL frame stands for, as a private copy. Throws `ERR_RINGWAY_CORRUPT_LANE` where there is none.
 *
 * @param lane - index of the lane in which the frame stands
 * @param payload - a private copy of the frame's payload
 */
export function readSpill(channel: Channel, lane: number, payload: Uint8Array): Uint8Array {
  const message = findSpill(channel, lane, payload);
  if (message !== undefined) return message;
  const reference = referenceIn(channel, lane, payload);
  throw new RingwayError(
    'ERR_RINGWAY_CORRUPT_LANE',
    reference === undefined
      ? `lane ${lane} holds a reference to a spilled message that no producer of this queue wrote; the message is lost`
      : `the spilled message ${spillSuffix(lane, reference.sequence)} is gone: somebody removed its object; ` +
          'the message is lost',
  );
}

/** As {@link readSpill}, but undefined where there is none. */
export function findSpill(channel: Channel, lane: number, payload: Uint8Array): Uint8Array | undefined {
  const { segment } = channel;
  const reference = referenceIn(channel, lane, payload);
  return reference && segment.attachments.read(spillSuffix(lane, reference.sequence), reference.length);
}

function referenceIn(
  { segment, maxMessageBytes }: Channel,
  lane: number,
  payload: Uint8Array,
): SpillReference | undefined {
  return decodeSpillReference(payload, segment.header.creationId, lane, maxMessageBytes);
}
