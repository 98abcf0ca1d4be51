/** CLOCK_MONOTONIC in milliseconds, with fractions: the same clock in every process of a boot. About 65 ns: stamp batches, not messages. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
