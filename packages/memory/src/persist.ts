import { RingwayError } from './errors.js';

/** How long names may come and go under a caller before it gives up, in milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Runs `attempt` until it has a result: each time that it has none, another process has made or removed the name meanwhile. Throws
 * `ERR_RINGWAY_BUSY` after 5 s.
 */
export function persist<T>(path: string, attempt: () => T | undefined): T {
  const begun = performance.now();
  for (;;) {
    const result = attempt();
    if (result !== undefined) return result;
    if (performance.now() - begun > PATIENCE_MS) {
      throw new RingwayError(
        'ERR_RINGWAY_BUSY',
        `${path} was made and removed by others for ${PATIENCE_MS / 1000} s without an end`,
      );
    }
  }
}
