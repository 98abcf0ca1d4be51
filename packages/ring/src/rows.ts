import type { Lane } from './lane.js';

/** Bytes of a lane that are still needed, or this when the words that say so contradict each other. */
export const CONTRADICTION = -1;

/**
 * What the rows of readers mean in one kind of segment: there is one a lane and reader's slot, written by that reader (layout.ts). Everything that who writes a lane, or finds somebody
 * dead, must know of readers.
 */
export interface Rows {
  /** Whether a lane keeps its frames when its producer leaves, for readers to come. If not, it gives its memory back. */
  readonly retained: boolean;
  /**
   * Published bytes that some reader may still need: from the floor to `position` (P3). {@link CONTRADICTION} if the rows point outside the lane.
   *
   * @param position - the published position; the owner's own copy, or read before
   */
  heldBytes(lane: Lane, position: number): number;
  /** Under a dead reader's slot lock: finishes what he was at in this lane. Whether he left work there, for another reader to adopt. */
  settle(lane: Lane, slot: number, owner: number): boolean;
  /** For the owner of a lane that is out of use: what readers have in it is forgotten. False, and nothing is, while one may still be at work on it. */
  forget(lane: Lane): boolean;
  /** How its owner finds room in it. */
  room(lane: Lane): Room;
}

/** Where the owner of a lane may write. */
export interface Room {
  /** Published bytes below this position are needed by nobody any more, as far as known. */
  readonly floor: number;
  /** Whether {@link Room.look} wants everything that was written to be published before. */
  readonly publishFirst: boolean;
  /** The first frame of the lane that may still be read; undefined where what readers say is impossible. */
  begin(): number | undefined;
  /**
   * Looks at the readers. Returns how far may be written now, or undefined where what they say is impossible.
   *
   * @param published - the published position
   * @param end - how far the owner wants to write
   * @param messages - how many messages this owner has published
   */
  look(published: number, end: number, messages: number): number | undefined;
}
