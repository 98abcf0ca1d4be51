import { countSlots, type SegmentKind } from '@ringway/sync';
import { BOARD_SLOTS_BYTE, KIND_BLACKBOARD } from './blackboard-layout.js';
import { boardLayoutOf } from './blackboard-segment.js';

/** A blackboard as onlookers see it: a slot for each handle that writes or waits. */
export const BLACKBOARD_KIND: SegmentKind = {
  kind: KIND_BLACKBOARD,
  word: 'blackboard',
  count: (segment) => countSlots(segment, BOARD_SLOTS_BYTE, boardLayoutOf(segment.header, segment.name).participants),
};
