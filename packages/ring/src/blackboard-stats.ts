import type { Peer } from '@ringway/sync';
import { NOBODY } from '@ringway/sync';
import type { BlackboardKeys } from './blackboard-keys.js';
import type { Board } from './board.js';

/** One key of a blackboard, for people. */
export interface KeyStats {
  readonly key: string;
  /** 0: it was never written. */
  readonly version: number;
  /** Bytes of the value as its codec made it; 0 if there is none. */
  readonly length: number;
  /** Who writes it; undefined if nobody does. One who died, and whom nobody has found yet, is told of as well. */
  readonly writer: Omit<Peer, 'role'> | undefined;
}

/** What stands on a blackboard, for people. */
export interface BlackboardStats {
  readonly keys: readonly KeyStats[];
  /** Keys that it has room for. */
  readonly maxKeys: number;
}

/** Gathers it. */
export function blackboardStats(board: Board, keys: BlackboardKeys): BlackboardStats {
  return {
    keys: keys.all().map(({ key, entry }) => ({
      key,
      version: entry.version(),
      length: entry.length(),
      writer: writerOf(board, entry.owner),
    })),
    maxKeys: board.layout.keys,
  };
}

function writerOf({ slots }: Board, owner: number): KeyStats['writer'] {
  if (owner === NOBODY || slots.isPast(owner)) return undefined;
  const { slot, label, pid } = slots.peer(slots.slotOf(owner));
  return { slot, label, pid };
}
