/**
 * Milliseconds of the clock that all processes of a host share (CLOCK_MONOTONIC): moments of different processes can be
 * subtracted.
 */
export function hostMilliseconds(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
