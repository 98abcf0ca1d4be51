import { LocalSegment } from '@ringway/memory';
import { Participant } from '../../dist/participant.js';
import { SYNC_KIND, bodyByte, recordLayout, segmentSize } from '../../dist/sync-layout.js';

/** A segment on the heap with a table for so many, and room for a record. */
export function localSegment(participants: number): LocalSegment {
  return LocalSegment.create('participants', {
    kind: SYNC_KIND.mutex,
    geometry: [participants],
    size: segmentSize(participants, recordLayout(participants).bytes),
    codecName: '',
    codecId: 0,
    schemaId: 0,
  });
}

/** A newcomer by a handle of its own: as another process. */
export function join(segment: LocalSegment, participants: number): Participant {
  const handle = segment.reopen();
  return Participant.join(handle, handle.map(0, handle.header.size), participants);
}

/** As after SIGKILL: its locks go, and nothing else happens. */
export function kill(participant: Participant): void {
  participant.segment.close();
}

/** Index of the first word of the record. */
export function firstWord(participants: number): number {
  return bodyByte(participants) / 4;
}
