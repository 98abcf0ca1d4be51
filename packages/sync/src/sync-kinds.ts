import { KIND_MEMORY, RingwayError, type SegmentObserver } from '@ringway/memory';
import { countSlots, type SegmentKind, type SlotCensus } from './slot-census.js';
import { GEOMETRY_PARTICIPANTS, MAX_PARTICIPANTS, SYNC_KIND, TABLE_BYTE, bodyByte } from './sync-layout.js';

const NOT_ANYBODY: SlotCensus = { alive: 0, dead: 0, left: 0 };

/** The kinds of this package as onlookers see them: a slot for each handle. */
export const SYNC_KINDS: readonly SegmentKind[] = [
  { kind: KIND_MEMORY, word: 'memory', count: countInMemory },
  { kind: SYNC_KIND.mutex, word: 'mutex', count: countParticipants },
  { kind: SYNC_KIND.semaphore, word: 'semaphore', count: countParticipants },
  { kind: SYNC_KIND.rwLock, word: 'rw-lock', count: countParticipants },
  { kind: SYNC_KIND.condition, word: 'condition', count: countParticipants },
  { kind: SYNC_KIND.barrier, word: 'barrier', count: countParticipants },
];

/** Memory of one's own may have been made without places for locks. */
function countInMemory(segment: SegmentObserver): SlotCensus {
  return segment.header.geometry[GEOMETRY_PARTICIPANTS] === 0 ? NOT_ANYBODY : countParticipants(segment);
}

function countParticipants(segment: SegmentObserver): SlotCensus {
  const { geometry, size } = segment.header;
  const count = geometry[GEOMETRY_PARTICIPANTS];
  if (count >= 1 && count <= MAX_PARTICIPANTS && bodyByte(count) <= size) return countSlots(segment, TABLE_BYTE, count);
  throw new RingwayError(
    'ERR_RINGWAY_CORRUPT_SEGMENT',
    `${JSON.stringify(segment.name)} says that it has ${count} participants in ${size} bytes: that is impossible. Unlink it`,
  );
}
