import type { Part } from '../part.js';
import { barrier } from './barrier.js';
import { condition } from './condition.js';
import { mutex } from './mutex.js';
import { ownedSemaphore } from './owned-semaphore.js';
import { recordLock } from './record-lock.js';
import { rwLock } from './rw-lock.js';
import { semaphore } from './semaphore.js';

/** All primitives, in the order in which they are played. */
export const PARTS: readonly Part[] = [mutex, semaphore, ownedSemaphore, rwLock, condition, barrier, recordLock];

/** Throws `RangeError`. */
export function partOf(name: string): Part {
  const found = PARTS.find((part) => part.name === name);
  if (found !== undefined) return found;
  throw new RangeError(`no primitive is called ${name}: there are ${PARTS.map((part) => part.name).join(', ')}`);
}
