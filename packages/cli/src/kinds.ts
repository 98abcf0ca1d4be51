import { BLACKBOARD_KIND, QUEUE_KIND, TOPIC_KIND } from '@ringway/ring';
import { SYNC_KINDS, type SegmentKind } from '@ringway/sync';

/** The kinds of segments whose participants can be counted. Those of a new kind are entered here, and nowhere else. */
const KINDS: ReadonlyMap<number, SegmentKind> = new Map(
  [QUEUE_KIND, TOPIC_KIND, BLACKBOARD_KIND, ...SYNC_KINDS].map((kind) => [kind.kind, kind]),
);

/** How to look at segments of this kind, if it is known. */
export function kindOf(kind: number): SegmentKind | undefined {
  return KINDS.get(kind);
}

/** The word for a kind; for one of a later release its number. */
export function wordOf(kind: number): string {
  return KINDS.get(kind)?.word ?? `kind ${kind}`;
}
