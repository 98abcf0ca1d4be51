import type { SegmentObserver } from '@ringway/memory';
import { countSlots, type SegmentKind, type SlotCensus } from '@ringway/sync';
import { layoutOf } from './channel.js';
import { KIND_QUEUE, KIND_TOPIC, SLOTS_BYTE } from './layout.js';

const count = (segment: SegmentObserver): SlotCensus =>
  countSlots(segment, SLOTS_BYTE, layoutOf(segment.header, segment.name).slotCount);

/** A queue as onlookers see it: a slot for each producer and consumer. */
export const QUEUE_KIND: SegmentKind = { kind: KIND_QUEUE, word: 'queue', count };

/** A topic as onlookers see it: a slot for each publisher and subscriber. */
export const TOPIC_KIND: SegmentKind = { kind: KIND_TOPIC, word: 'topic', count };
