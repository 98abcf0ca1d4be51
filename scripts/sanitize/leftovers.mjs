// What a run in Node that was killed could not remove itself.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const SHARED_MEMORY = '/dev/shm';

/** Removes all shared memory of a namespace, and returns the names. */
export function removeLeftovers(namespace) {
  const names = readdirSync(SHARED_MEMORY).filter((name) => name.startsWith(`ringway.${namespace}`));
  for (const name of names) rmSync(join(SHARED_MEMORY, name), { force: true });
  return names;
}
