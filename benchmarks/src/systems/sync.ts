import type { SyncSystem } from '../sync-system.js';
import { boost, futex } from './sync-native.js';
import { syncRingway } from './sync-ringway.js';

/** All whose locks are compared, in the order in which they take their turns. */
export const SYNC_SYSTEMS: readonly SyncSystem[] = [syncRingway, boost, futex];
