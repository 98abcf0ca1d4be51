import { Turn, checkWait } from '@ringway/sync';
import type { BoardEntry, Snapshot } from './blackboard-entry.js';
import type { BlackboardWaits, VersionWait } from './blackboard-waits.js';
import { Loop } from './loop.js';

/** A value with its version. */
export interface Versioned<V> {
  readonly value: V;
  /** Grows by one with each write and each deletion of the key. */
  readonly version: number;
}

/** Options of `blackboard.watch`. */
export interface WatchOptions {
  /** Rejects with Node's `AbortError`. */
  readonly signal?: AbortSignal | undefined;
  /** Only versions above this one. Default 0: the present value is the first. */
  readonly from?: number | undefined;
}

/** What a watch needs of its blackboard. */
export interface WatchContext<T> {
  readonly entry: BoardEntry;
  readonly from: number;
  readonly signal: AbortSignal | undefined;
  readonly waits: () => BlackboardWaits;
  /** Throws `ERR_RINGWAY_CLOSED`. */
  readonly check: () => void;
  readonly value: (snapshot: Snapshot) => T | undefined;
}

/** Yields the newest version of a key each time that there is one above the last that was yielded. */
export function watchLoop<T>(context: WatchContext<T>): Loop<Snapshot, Versioned<T | undefined>> {
  const { entry, signal } = context;
  let seen = context.from;
  let waiting: VersionWait | undefined;
  let left = false;
  const newest = (): Snapshot | undefined => {
    context.check();
    checkWait({ signal });
    return entry.version() > seen ? entry.read() : undefined;
  };
  return new Loop<Snapshot, Versioned<T | undefined>>({
    settle: () => undefined,
    tryTake: newest,
    take: async () => {
      // `left` while the event loop had its turn.
      while (!left) {
        const snapshot = newest();
        if (snapshot !== undefined) return snapshot;
        waiting = context.waits().wait(entry, seen, { signal });
        await waiting.pending.promise;
        waiting = undefined;
      }
      return undefined;
    },
    taken: (snapshot) => {
      // Before the codec, which may throw: a value that cannot be decoded is not tried again.
      seen = snapshot.version;
      return { value: context.value(snapshot), version: seen };
    },
    turn: new Turn(),
    left: () => {
      left = true;
      if (waiting !== undefined) context.waits().cancel(waiting);
    },
  });
}
