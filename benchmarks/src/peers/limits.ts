/**
 * Longest wait of a blocking call, in milliseconds: whoever has lost both its peer and the one that started it must
 * end.
 */
export const BLOCKING_TIMEOUT_MS = 30_000;

/**
 * Round trips between two looks at the clock, where both sides spin: a look costs about as much as an eighth of a trip.
 * The native program takes it from here.
 */
export const SPINNING_TRIPS_PER_SAMPLE = 16;

/**
 * How long a holder gives another process to fall asleep, in microseconds, once that has said that it is about to. The
 * native program takes it from here.
 */
export const SETTLE_MICROSECONDS = 100;
