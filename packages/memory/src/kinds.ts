/** `kind` in the header of a segment whose bytes are the user's own: `Segment.memory`. Other kinds belong to the layers above. */
export const KIND_MEMORY = 16;

/** Bytes that each participant has before the user's; what stands there belongs to packages/sync. */
export const PARTICIPANT_BYTES = 256;
