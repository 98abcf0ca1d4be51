/**
 * Which bytes of an object are locked for what. Locks need no bytes behind them: all of these lie far beyond the end of
 * any object, where no other program that locks file ranges would look.
 */
/** Slot lock `i` is the byte `LOCK_BASE + i`. */
export const LOCK_BASE: number = 2 ** 46;
/** The byte of the gate between joining and unlinking. */
export const GATE_LOCK: number = LOCK_BASE - 1;
/** Held by a creator on its temporary name, so that only the names of dead creators are swept. */
export const BIRTH_LOCK: number = LOCK_BASE - 2;
/** No segment has more slots than this. */
export const MAX_LOCKS: number = 2 ** 16;
/** The native functions look at no more bytes in one call. */
export const PROBE_LIMIT = 4096;
