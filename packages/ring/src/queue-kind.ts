import { countSlots, type SegmentKind } from '@ringway/sync';
import { layoutOf } from './channel.js';
import { KIND_QUEUE, SLOTS_BYTE } from './layout.js';

/** A queue as onlookers see it: a slot for each producer and consumer. */
export const QUEUE_KIND: SegmentKind = {
  kind: KIND_QUEUE,
  word: 'queue',
  count: (segment) => countSlots(segment, SLOTS_BYTE, layoutOf(segment.header, segment.name).slotCount),
};
