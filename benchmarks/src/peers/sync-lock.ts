import { Mutex, Semaphore } from 'ringway';
import type { SyncCase } from '../sync-cases.js';

/** What keeps the other process out: a mutex, or a semaphore with one permit. */
export type Lock = Mutex | Semaphore;

/** Opens the lock of a run, or makes it. */
export function openLock({ primitive }: SyncCase, name: string): Lock {
  return primitive === 'mutex' ? Mutex.open(name) : Semaphore.open(name, { permits: 1 });
}
