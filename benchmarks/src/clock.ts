/** CLOCK_MONOTONIC in microseconds: the same clock in every process of this host, native ones included. */
export function nowMicroseconds(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
}
