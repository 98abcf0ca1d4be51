import { RingwayError } from '@ringway/memory';
import type { Channel } from './channel.js';
import { decodeSpillReference, spillSuffix } from './spill.js';

/**
 * The message that a SPILL frame stands for, as a private copy. Throws `ERR_RINGWAY_CORRUPT_LANE` where there is none.
 *
 * @param lane - index of the lane in which the frame stands
 * @param payload - a private copy of the frame's payload
 */
export function readSpill(channel: Channel, lane: number, payload: Uint8Array): Uint8Array {
  const { segment, maxMessageBytes } = channel;
  const reference = decodeSpillReference(payload, segment.header.creationId, lane, maxMessageBytes);
  const message = reference && segment.attachments.read(spillSuffix(lane, reference.sequence), reference.length);
  if (message !== undefined) return message;
  throw new RingwayError(
    'ERR_RINGWAY_CORRUPT_LANE',
    reference === undefined
      ? `lane ${lane} holds a reference to a spilled message that no producer of this queue wrote; the message is lost`
      : `the spilled message ${spillSuffix(lane, reference.sequence)} is gone: somebody removed its object; ` +
          'the message is lost',
  );
}
