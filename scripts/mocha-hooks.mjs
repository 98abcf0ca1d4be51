import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const SHARED_MEMORY = '/dev/shm';
const EXIT_WITHIN_MS = 10_000;

// Before any test file is loaded, so that this process and all that it starts share names with nobody else.
const namespace = `test-${process.pid}-`;
process.env.RINGWAY_NAMESPACE = namespace;
const prefix = `ringway.${namespace}`;

/** Removes all shared memory of this run's namespace and returns the names. */
function sweep() {
  // What runs on heap memory alone is tested where there is no such directory.
  if (!existsSync(SHARED_MEMORY)) return [];
  const names = readdirSync(SHARED_MEMORY).filter((name) => name.startsWith(prefix));
  for (const name of names) rmSync(join(SHARED_MEMORY, name), { force: true });
  return names;
}

export const mochaHooks = {
  beforeAll() {
    // A run that was killed long ago may have had our process id.
    sweep();
  },
  afterAll() {
    const left = sweep();
    if (left.length > 0) throw new Error(`the tests left behind in ${SHARED_MEMORY}: ${left.join(', ')}`);
  },
};

export function mochaGlobalTeardown() {
  // Something that still holds the event loop after the last test is a fault: name it instead of hanging.
  setTimeout(() => {
    console.error(
      `the tests are over, but these keep the process alive: ${process.getActiveResourcesInfo().join(', ')}`,
    );
    process.exit(1);
  }, EXIT_WITHIN_MS).unref();
}
