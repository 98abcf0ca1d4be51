// One look at what Ringway costs while nothing is sent: prints one line of JSON.
import type { FootprintWhat } from './footprint.js';
import { idlePercent, threads, threadsWhileParked } from './parked-cost.js';
import { openingCost } from './opening-cost.js';
import { sharedMemory } from './shared-memory.js';

/** As many consumers as one native thread can wait for. */
const MANY = 127;

async function main(): Promise<void> {
  // Before the first one parks: a waiting thread stays.
  const before = threads();
  const found: Record<FootprintWhat, number> = {
    'shared memory': await sharedMemory(),
    'idle cpu': await idlePercent(),
    'threads for 1': (await threadsWhileParked(1)) - before,
    'threads for 127': (await threadsWhileParked(MANY)) - before,
    ...(await openingCost()),
  };
  console.log(JSON.stringify(found));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
